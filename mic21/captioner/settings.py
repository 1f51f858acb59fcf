"""What a training is asked to do, and what a run's folder says about itself."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mic21.captioner.features import FeatureSettings
from mic21.captioner.model import STREAMS, Shape, Stream
from mic21.captioner.tokenizer import KINDS
from mic21.errors import UsageError

Kind = Literal["title", "description"]


class Settings(BaseModel):
    """How to train; with release and features it determines the weights to the bit, on the same machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str
    dim: int = Field(ge=1, description="of the decoder")
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    streams: tuple[Stream, ...] = Field(STREAMS, min_length=1)
    decoder: str | None = Field(None, description="hf:FOLDER, a frozen causal language model in place of our decoder")
    text: str | None = Field(None, description="folder of a pretrained tokenizer and embedding in place of our own")
    text_dim: int = Field(ge=1, description="of the embedding that is computed from the captions")
    vocabulary: int = Field(ge=300, description="tokens that are learnt from the captions, at most")
    max_tokens: int = Field(64, ge=8, description="of a caption, with prompt and end")
    languages: tuple[str, ...] | None = Field(None, description="of the captions; all by default")
    kinds: tuple[Kind, ...] = KINDS  # type: ignore[assignment]
    batch_size: int = Field(64, ge=1, description="captions a step, over all micro-batches and processes")
    accumulate: int = Field(1, ge=1, description="micro-batches of each process a step")
    epochs: int = Field(30, ge=1, description="the learning rate falls over so many")
    learning_rate: float = Field(gt=0, description="at its highest")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps in which it rises")
    weight_decay: float = Field(0.01, ge=0)
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    ema: float | None = Field(None, gt=0, lt=1, description="decay of a moving average of the weights")
    patience: int = Field(10, ge=1, description="evaluations without a better score before training stops")
    evaluate_every: int = Field(1, ge=1, description="epochs")
    val_images: int = Field(200, ge=0, description="images that are captioned to score the model, at most")
    precision: Literal["fp32", "bf16"] = "fp32"
    overfit_batch: bool = Field(False, description="train on one batch only, to see that the loss can vanish")
    seed: int = Field(21, ge=0)

    @classmethod
    def of(cls, preset: str, **given: Any) -> "Settings":
        """The settings of a preset, with other values for those that are given.

        Raises:
            UsageError: there is no such preset, or a value is out of range.

        >>> Settings.of("small", layers=2).layers
        2
        """
        if preset not in PRESETS:
            raise UsageError(f"preset: expected one of {', '.join(PRESETS)}, found {preset!r}")
        values = PRESETS[preset] | given
        if values.get("overfit_batch"):
            values |= {"dropout": 0.0, "label_smoothing": 0.0, "patience": 1_000_000}
        try:
            settings = cls(preset=preset, **values)
        except ValueError as error:
            raise UsageError(f"settings: {'; '.join(str(error).splitlines()[1:3])}") from error
        if len({*settings.streams}) < len(settings.streams):
            raise UsageError(f"settings: streams: expected each once, found {','.join(settings.streams)}")
        if settings.dim % settings.heads:
            raise UsageError(
                f"settings: expected dim to be a multiple of heads, found {settings.dim}, {settings.heads}"
            )
        return settings


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "dim": 64,
        "layers": 1,
        "heads": 2,
        "dropout": 0.0,
        "text_dim": 64,
        "vocabulary": 1_000,
        "batch_size": 32,
        "learning_rate": 2e-3,
    },
    "small": {
        "dim": 256,
        "layers": 2,
        "heads": 4,
        "dropout": 0.1,
        "text_dim": 128,
        "vocabulary": 4_000,
        "batch_size": 32,
        "learning_rate": 1e-3,
    },
    "base": {  # GRIT's decoder
        "dim": 512,
        "layers": 3,
        "heads": 8,
        "dropout": 0.1,
        "text_dim": 300,
        "vocabulary": 16_000,
        "learning_rate": 3e-4,
    },
}


class RunRecord(BaseModel):
    """`run.json`: what a run is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    mic21_version: str
    settings: Settings
    shape: Shape
    ends: tuple[int, int] | None = Field(description="beginning and end that a language model has of its own")
    decoder_digest: str | None = Field(description="sha256 over the language model's weights")
    text_size: int = Field(description="ids below are the vocabulary's own; special tokens of ours may follow")
    texts: list[tuple[str, str]] = Field(description="languages and kinds of the captions that it was trained on")
    release_version: str
    release_digest: str
    features: FeatureSettings
    features_folder: str = Field(description="relative to the run")
    train_captions: int
    threads: int = Field(description="of torch on the processor, in each process; others round otherwise")
    embedding_sha256: str
