"""The learning curve as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw_curve(log: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw loss and score over the steps of a log.

    Args:
        log: lines of `mic21.captioner.log.read_log`.
        path: of the PNG.
    """
    steps = [line for line in log if line["type"] == "step"]
    evaluations = [line for line in log if line["type"] == "epoch" and line["validated"]]
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot(
        [line["step"] for line in steps], [line["loss"] for line in steps], color="0.75", linewidth=1, label="loss"
    )
    places = [line["step"] for line in evaluations]
    axes.plot(places, [line["validated"]["loss"] for line in evaluations], color="tab:blue", label="loss, validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss a token")
    axes.set_ylim(bottom=0)
    scores = [line["validated"]["score"] for line in evaluations]
    handles, labels = axes.get_legend_handles_labels()
    if any(score >= 0 for score in scores):  # else the score is the loss
        other = axes.twinx()
        (line,) = other.plot(places, scores, color="tab:orange")
        other.set_ylabel("score")
        handles, labels = [*handles, line], [*labels, "score, validation"]
    axes.legend(handles, labels, loc="center right")
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, format="png", dpi=110)
    temporary.replace(path)
