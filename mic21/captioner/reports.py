"""What a training tells as it goes: where it starts, each step, each evaluation, and what it came to."""

from dataclasses import dataclass

from mic21.captioner.validation import Validated


@dataclass(frozen=True, slots=True)
class StartReport:
    """What a training begins with.

    Attributes:
        captions: to learn from.
        cut: how many of them are longer than the model's sequences, so that it does not learn how they end.
        max_tokens: of a sequence, with prompt and end.
    """

    captions: int
    cut: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step done.

    Attributes:
        step: its number, from 1.
        total: steps in all.
        epoch: from 0.
        loss: a token, without label smoothing.
        learning_rate: of this step.
        gradient_norm: before clipping.
        tokens: predicted in this step.
        seconds: it took.
        wait: seconds of it spent waiting for data.
    """

    step: int
    total: int
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    seconds: float
    wait: float


@dataclass(frozen=True, slots=True)
class EpochReport:
    """An evaluation at the end of an epoch; `validated` is None where there is nothing to evaluate on."""

    epoch: int
    step: int
    loss: float
    validated: Validated | None
    is_best: bool


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a training came to.

    Attributes:
        step: the last one done.
        total: steps planned.
        best: best score, or None where nothing was evaluated.
        reason: why it ended: `finished`, `max_steps`, `no better score`, `interrupted`.
    """

    step: int
    total: int
    best: float | None
    reason: str
