"""`mic21 doctor`: what is wrong with somebody's COCO file."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import Json
from mic21.cli.output import show_json, warn
from mic21.corpus.doctor import Finding, examine, repair
from mic21.errors import UsageError


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
    findings = {str(file): examine(file, images=images, synset_exists=exists) for file in files}
    mended = repair(files[0], repair_to, findings[str(files[0])]) if repair_to is not None else []
    if as_json:
        show_json({file: [_record(finding, finding in mended) for finding in of] for file, of in findings.items()})
    else:
        for file, of_file in findings.items():
            _show(file, of_file, mended)
    left = [finding for of_file in findings.values() for finding in of_file if finding not in mended]
    if any(finding.is_error for finding in left):
        raise typer.Exit(1)


def _synset_exists() -> Callable[[str], bool]:
    from mic21.ontology.link.wordnet import exists_in, open_wordnet  # nltk is not in the base install

    return exists_in(open_wordnet())


def _record(finding: Finding, mended: bool) -> dict[str, object]:
    place = f"{finding.part}[{finding.index}]"
    return {"code": finding.code, "message": finding.message, "place": place, "found": finding.found, "mended": mended}


def _show(file: str, findings: list[Finding], mended: list[Finding]) -> None:
    errors = sum(finding.is_error for finding in findings)
    typer.echo(f"{file}: {errors} errors, {len(findings) - errors} warnings")
    for code in sorted({finding.code for finding in findings}, key=lambda code: code[1:]):
        found = [finding for finding in findings if finding.code == code]
        done = sum(finding in mended for finding in found)
        can = sum(finding.change is not None for finding in found)
        state = f"{done} mended" if mended else f"--repair mends {can}"
        typer.echo(f"{code} {found[0].message} ({len(found)}; {state})")
        warn([f"  {finding.part}[{finding.index}]: {finding.found}" for finding in found], most=5)
