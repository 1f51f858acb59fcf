"""`mic21 doctor`: what is wrong with somebody's COCO file."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import Json
from mic21.cli.output import show_json, warn
from mic21.corpus.doctor import Change, Finding, examine, repair
from mic21.errors import CorpusError, UsageError


def doctor(
    source: Annotated[Path, typer.Argument(help="A COCO file, or a folder of them.")],
    images: Annotated[Path | None, typer.Option("--images", help="Folder of the photographs.")] = None,
    wordnet: Annotated[
        bool, typer.Option("--wordnet", help="Look synsets up in WordNet 3.0, where nltk has it.")
    ] = False,
    repair_to: Annotated[
        Path | None, typer.Option("--repair", metavar="OUT", help="Write a mended copy there; list what was changed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name what is wrong with a COCO file; exit with 1 if there is an error that was not mended."""
    files = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    if repair_to is not None and len(files) != 1:
        raise UsageError(f"--repair: expected one file to mend, found {len(files)}")
    exists = _synset_exists() if wordnet else None
    findings: dict[str, list[Finding]] = {}
    unread = []
    for file in files:
        try:
            findings[str(file)] = examine(file, images=images, synset_exists=exists)
        except CorpusError as error:
            if len(files) == 1:
                raise
            unread.append(str(error))
    mended = repair(files[0], repair_to, findings[str(files[0])]) if repair_to is not None else []
    if as_json:
        repaired = repair_to is not None
        show_json({file: [_record(finding, repaired) for finding in of_file] for file, of_file in findings.items()})
    else:
        for name, of_file in findings.items():
            _show(name, of_file, repaired=repair_to is not None)
        for finding in mended:
            typer.echo(f"{finding.code} {finding.place}: {_became(finding.change)}")
    warn(unread)
    left = [one for of_file in findings.values() for one in of_file if repair_to is None or one.change is None]
    if unread or any(finding.is_error for finding in left):
        raise typer.Exit(1)


def _synset_exists() -> Callable[[str], bool]:
    from mic21.ontology.link.wordnet import exists_in, open_wordnet  # nltk is not in the base install

    return exists_in(open_wordnet())


def _record(finding: Finding, repaired: bool) -> dict[str, object]:
    change = asdict(finding.change) if finding.change else None
    mended = repaired and change is not None
    named = {"code": finding.code, "message": finding.message, "place": finding.place, "found": finding.found}
    return named | {"change": change, "mended": mended}


def _show(file: str, findings: list[Finding], *, repaired: bool) -> None:
    errors = sum(finding.is_error for finding in findings)
    typer.echo(f"{file}: {errors} errors, {len(findings) - errors} warnings")
    for code in sorted({finding.code for finding in findings}, key=lambda code: code[1:]):
        found = [finding for finding in findings if finding.code == code]
        can = sum(finding.change is not None for finding in found)
        state = f"{can} mended" if repaired else f"--repair mends {can}"
        typer.echo(f"{code} {found[0].message} ({len(found)}; {state})")
        warn([f"  {finding.place}: {finding.found}" for finding in found], most=5)


def _became(change: Change | None) -> str:
    if change is None or change.drops:
        return "left out"
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in change.fields.items())
