"""The command line: each command reads its options, calls one function of the library, and shows what came back."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mic21 import __version__
from mic21.cli import (
    captioner,
    corpus,
    demo,
    doctor,
    drafts,
    edit,
    evaluate,
    finetune,
    imports,
    ontology,
    ontology_upkeep,
    release,
    review,
    synth,
    view,
)
from mic21.errors import Mic21Error, UsageError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Build image corpora of masks, WordNet classes in 25 languages, and captions that a person has checked.",
)
app.command()(demo.demo)
app.command()(corpus.init)
app.command()(synth.synth)
app.command()(corpus.ingest)
app.add_typer(imports.app, name="import")
app.add_typer(corpus.export_app, name="export")
app.command()(drafts.segment)
app.command()(drafts.caption)
app.command()(finetune.finetune)
app.add_typer(edit.app, name="edit")
app.command()(corpus.check)
app.command()(doctor.doctor)
app.command()(corpus.query)
ontology.app.command("lint")(ontology_upkeep.lint_)
ontology.app.command()(ontology_upkeep.link)
ontology.app.command()(ontology_upkeep.export)
ontology.app.command("diff")(ontology_upkeep.diff_)
app.add_typer(ontology.app, name="ontology")
app.add_typer(review.app, name="review")
app.add_typer(release.app, name="release")
app.command()(captioner.features)
app.command()(captioner.train)
app.command()(captioner.generate)
app.add_typer(evaluate.app, name="evaluate")
app.command()(view.view)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mic21 {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    corpus: Annotated[
        Path | None,
        typer.Option("-C", "--corpus", help="The corpus to work on, as git's -C.  [default: .]", show_default=False),
    ] = None,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error came from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take what stands before the command; a command's own -C wins over it, and it wins over MIC21_CORPUS."""
    if corpus is not None:
        before = os.environ.get("MIC21_CORPUS")
        os.environ["MIC21_CORPUS"] = str(corpus)
        context.call_on_close(lambda: _restore("MIC21_CORPUS", before))


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def run(arguments: Sequence[str]) -> int:
    """Run a command line; gives the exit status: 0 good, 1 bad data or a failed check, 2 bad usage."""
    try:
        app(list(arguments), prog_name="mic21")
    except SystemExit as stop:  # how typer ends, whether all went well or the usage was bad
        return stop.code if isinstance(stop.code, int) else 1
    except (Mic21Error, OSError) as error:  # typer ends with 1 by itself where a reader has closed the pipe
        if "--traceback" in arguments:
            traceback.print_exc()
        typer.echo(f"mic21: {_told(error)}", err=True)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def _told(error: Mic21Error | OSError) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)


def main() -> None:
    """The `mic21` command."""
    sys.exit(run(sys.argv[1:]))
