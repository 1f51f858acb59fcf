"""Curves of precision over recall as a picture."""

from pathlib import Path

from matplotlib.figure import Figure

from mic21.evaluation.masks import MaskReport

SHOWN = (0.5, 0.75, 0.9)


def draw_precision_recall(report: MaskReport, path: Path) -> None:
    """Draw precision over recall, averaged over categories, at IoU .5, .75 and .9 into a PNG of 960×720 pixels."""
    figure = Figure(figsize=(8, 6), dpi=120, layout="constrained")
    axes = figure.subplots()
    for iou in SHOWN:
        axes.plot(report.curves["rec_thrs"], report.curves[f"pr@{iou:.2f}"], label=f"IoU {iou:g}", linewidth=2)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    figures = ", ".join(f"{name} {value:.3f}" for name, value in list(report.figures.items())[:3] if value is not None)
    axes.set_title(f"{figures}; {report.images:,} images, {report.annotations:,} objects")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
