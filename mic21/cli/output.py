"""What commands show: results on stdout, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text


def show_json(value: object) -> None:
    """JSON on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_rows(rows: Sequence[Mapping[str, object]], as_json: bool) -> None:
    """JSON, a table on a terminal, or tab-separated lines anywhere else."""
    if as_json:
        show_json(rows)
        return
    columns = list(rows[0]) if rows else []
    cells = [[_text(value) for value in row.values()] for row in rows]
    if not sys.stdout.isatty():
        for line in [columns, *cells] if rows else []:
            typer.echo("\t".join(line))
        return
    table = Table(*columns)
    for line in cells:
        table.add_row(*line)
    Console().print(table)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, to be called with (done, in all); silent where stderr is no terminal.

    It shows how many images a second are done and how long the rest will take.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Speed(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


class _Speed(ProgressColumn):
    """Images a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.3g} images/s", style="progress.data.speed")


def warn(lines: Sequence[str], *, most: int = 20) -> None:
    """Lines on stderr, the first ones where there are many."""
    for line in lines[:most]:
        typer.echo(line, err=True)
    if len(lines) > most:
        typer.echo(f"… and {len(lines) - most} more", err=True)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(_text(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
