"""TensorBoard, for who likes to look at it."""

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


def open_board(run: Path) -> Any:
    """A writer of events in the run's folder `tensorboard`."""
    return SummaryWriter(str(run / "tensorboard"))
