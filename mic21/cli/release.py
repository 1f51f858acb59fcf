"""`mic21 release`: build, verify, diff and publish."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import CorpusFolder, Json
from mic21.cli.output import progress, show_json, warn
from mic21.corpus.store import Corpus
from mic21.release.build import build_release
from mic21.release.diff import diff_releases, in_words
from mic21.release.formats import FORMATS
from mic21.release.license_policy import parse_policy
from mic21.release.manifest import Manifest
from mic21.release.publish import publish_release
from mic21.release.split_lists import read_split_list
from mic21.release.splits import SALT, parse_shares
from mic21.release.verify import verify_release

app = typer.Typer(no_args_is_help=True, help="Build releases, verify, compare and publish them.")


class SeriesOption(StrEnum):
    """What stays in one split beside near duplicates."""

    AUTHOR = "author"
    NONE = "none"


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    version: Annotated[str, typer.Option("--version", help="MAJOR.MINOR.PATCH, such as 1.0.0.")],
    status: Annotated[str, typer.Option("--status", help="accepted, or draft,accepted.")] = "accepted",
    subdomain: Annotated[list[str] | None, typer.Option("--subdomain", "-s", help="Only its images.")] = None,
    domain: Annotated[list[str] | None, typer.Option("--domain", help="Only its images.")] = None,
    licenses: Annotated[
        str | None, typer.Option("--licenses", help="permissive, nc-ok, or SPDX expressions with commas.")
    ] = None,
    min_instances: Annotated[
        int, typer.Option("--min-instances", min=1, help="Leave categories with fewer annotations out.")
    ] = 1,
    languages: Annotated[str | None, typer.Option("--languages", help="Of captions: en,bg.")] = None,
    floor: Annotated[int, typer.Option("--floor", min=0, help="Name subdomains with fewer images.")] = 0,
    allow_unknown_license: Annotated[
        bool, typer.Option("--allow-unknown-license", help="Let in images whose licence nobody knows.")
    ] = False,
    splits: Annotated[str, typer.Option("--splits", help="Shares of the images.")] = "train=.8,val=.1,test=.1",
    salt: Annotated[str, typer.Option("--salt", help="Another one gives another split.")] = SALT,
    series: Annotated[
        SeriesOption, typer.Option("--series", help="Keep an author's photographs of a subdomain in one split, or not.")
    ] = SeriesOption.AUTHOR,
    split_list: Annotated[
        Path | None, typer.Option("--split-list", help="CSV or JSON of images whose split is fixed.")
    ] = None,
    format: Annotated[list[str] | None, typer.Option("--format", help=f"Also: {', '.join(FORMATS)}.")] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="The release before: keep its splits, check the version.")
    ] = None,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Build a release: the same corpus gives the same bytes."""
    opened = Corpus(corpus)
    with progress("release") as on_progress:
        manifest = build_release(
            opened,
            folder,
            version=version,
            statuses=[name.strip() for name in status.split(",")],
            subdomains=subdomain,
            domains=domain,
            licenses=parse_policy(licenses) if licenses else None,
            min_instances=min_instances,
            languages=[tag.strip() for tag in languages.split(",")] if languages is not None else None,
            floor=floor,
            allow_unknown_license=allow_unknown_license,
            shares=parse_shares(splits),
            salt=salt,
            series=series.value,
            frozen=read_split_list(opened, split_list) if split_list else None,
            formats=format or (),
            previous=previous,
            on_progress=on_progress,
        )
    if as_json:
        show_json(manifest.model_dump(exclude={"files"}))
        return
    _show(manifest)
    typer.echo(f"{folder}: release {manifest.version}, {len(manifest.files) + 1} files")


def _show(manifest: Manifest) -> None:
    splits = manifest.splits
    empty = [split for split, share in splits.shares.items() if share and not manifest.counts[split].images]
    if empty and splits.series == "author":
        warn([f"no image in {', '.join(empty)}: an author's photographs of a subdomain stay together; see --series"])
    for split, counts in manifest.counts.items():
        typer.echo(f"{split}: {counts.images} images, {counts.annotations} annotations, {counts.captions} captions")
    for left in manifest.left_out:
        typer.echo(f"left out: {len(left.images)} images: {left.reason}")
    for category in manifest.left_out_categories:
        typer.echo(f"left out: {category.annotations} annotations of {category.name}: {category.reason}")
    for captions in manifest.left_out_captions:
        typer.echo(f"left out: {captions.captions} captions in {captions.language}: {captions.reason}")
    for below in manifest.below_floor:
        typer.echo(f"below the floor: {below.subdomain}: {below.images} images of {below.corpus} in the corpus")
    warn(
        [
            f"split: {found.kind} {found.key or '(none)'} is off its shares: "
            + ", ".join(f"{split} {share:.0%}" for split, share in found.shares.items())
            for found in splits.deviations
        ]
    )
    warn(
        [
            f"split: {len(ids)} images that belong together lie in different splits: {', '.join(map(str, ids[:5]))}"
            + (" …" if len(ids) > 5 else "")
            for ids in splits.straddling
        ]
    )


@app.command()
def verify(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The release.")], as_json: Json = False) -> None:
    """Check every byte, schema and count; exit with 1 if something is wrong."""
    problems = verify_release(folder)
    if as_json:
        show_json({"good": not problems, "problems": problems})
    else:
        for problem in problems:
            typer.echo(problem)
        typer.echo(f"{folder}: {len(problems)} problems" if problems else f"{folder}: every byte is as it was released")
    if problems:
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The earlier release.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The later one.")],
    as_json: Json = False,
) -> None:
    """Say what differs between two releases, and which version it calls for."""
    found = diff_releases(old, new)
    if as_json:
        show_json(found.model_dump())
    else:
        typer.echo(in_words(found))


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The release.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="hf:ORG/NAME, s3://BUCKET/PATH, or a folder.")],
    as_json: Json = False,
) -> None:
    """Copy a release to the hub, to object storage or to a folder; what is there already is not sent again."""
    with progress("publish") as on_progress:
        report = publish_release(folder, target, on_progress=on_progress)
    if as_json:
        show_json({"sent": report.sent, "there": report.there, "target": target})
    else:
        typer.echo(f"{target}: {len(report.sent)} files sent, {len(report.there)} were there; all verified")
