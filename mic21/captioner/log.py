"""A run's log, a line of JSON a step and an evaluation, and the learning curve that is drawn from it."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from mic21.captioner.curve import draw_curve
from mic21.captioner.reports import EpochReport, StepReport
from mic21.errors import UsageError

LOG, CURVE = "log.jsonl", "curve.png"
_SECONDS = 30.0  # between two drawings of the curve


class Log:
    """Writes the log of a run; only the first process does."""

    def __init__(self, run: Path, *, is_first: bool, tensorboard: bool) -> None:
        """Touch nothing yet.

        Raises:
            UsageError: TensorBoard is asked for and not installed.
        """
        self._run = run
        self._is_first = is_first
        self._file: TextIO | None = None
        self._open_board = _board_opener() if is_first and tensorboard else None
        self._board: Any = None  # TensorBoard's writer has no types
        self._drawn = 0.0

    def __enter__(self) -> "Log":
        """The log itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files and draw the curve."""
        if self._file:
            self._file.close()
            draw_curve(read_log(self._run), self._run / CURVE)
        if self._board:
            self._board.close()

    def cut(self, step: int) -> None:
        """Open the log, without what it says of later steps: those will be done again."""
        if not self._is_first:
            return
        kept = [line for line in read_log(self._run) if line["step"] <= step]
        path = self._run / LOG
        temporary = path.with_name(f".{LOG}")
        temporary.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept), encoding="utf-8")
        temporary.replace(path)
        self._file = path.open("a", encoding="utf-8")
        if self._open_board:
            self._board = self._open_board(self._run)

    def step(self, report: StepReport) -> None:
        """Write a step."""
        values = asdict(report)
        values["tokens_per_second"] = round(report.tokens / report.seconds, 1)
        self._write("step", values)
        if self._board:
            for name in ("loss", "learning_rate", "gradient_norm", "tokens_per_second"):
                self._board.add_scalar(f"train/{name}", values[name], report.step)

    def epoch(self, report: EpochReport) -> None:
        """Write an evaluation, and draw the curve if it was not drawn just now."""
        self._write("epoch", asdict(report))
        if self._board and report.validated:
            self._board.add_scalar("val/loss", report.validated.loss, report.step)
            self._board.add_scalar("val/score", report.validated.score, report.step)
            for sample in report.validated.samples:
                self._board.add_text(f"{sample.language}/{sample.kind}/{sample.image_id}", sample.caption, report.step)
        if self._is_first and time.monotonic() - self._drawn > _SECONDS:
            draw_curve(read_log(self._run), self._run / CURVE)
            self._drawn = time.monotonic()

    def _write(self, kind: str, values: dict[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps({"type": kind, **values}, ensure_ascii=False) + "\n")
            self._file.flush()


def _board_opener() -> Callable[[Path], Any]:
    try:
        from mic21.captioner.board import open_board  # TensorBoard is an extra
    except ModuleNotFoundError as error:
        raise UsageError("tensorboard: expected the package: pip install 'mic21[tensorboard]'") from error
    return open_board


def read_log(run: Path) -> Sequence[dict[str, Any]]:
    """The lines of a run's log; a last line that was cut off by a kill is left out."""
    path = run / LOG
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return found
