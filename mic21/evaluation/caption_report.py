"""The report of `mic21 evaluate captions`, and how it is read, written and shown as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mic21.corpus.images import write_atomically
from mic21.errors import CheckError
from mic21.evaluation.bleu_score import BleuOptions

_COLUMNS = (
    ("BLEU-1", "bleu_1"),
    ("BLEU-2", "bleu_2"),
    ("BLEU-3", "bleu_3"),
    ("BLEU-4", "bleu_4"),
    ("CIDEr-D", "cider_d"),
    ("ROUGE-L", "rouge_l"),
    ("nltk METEOR", "nltk_meteor"),
    ("CHAIR-i", "chair_i"),
    ("CHAIR-i known", "chair_i_known"),
    ("CHAIR-s", "chair_s"),
    ("recall", "object_recall"),
    ("length", "length"),
    ("distinct-2", "distinct_2"),
)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figures(_Value):
    """How good captions are."""

    bleu_1: float = Field(ge=0, le=1)
    bleu_2: float = Field(ge=0, le=1)
    bleu_3: float = Field(ge=0, le=1)
    bleu_4: float = Field(ge=0, le=1)
    cider_d: float = Field(ge=0, description="0 to 10")
    rouge_l: float = Field(ge=0, le=1)
    nltk_meteor: float | None = Field(default=None, description="null where it was not asked for")
    chair_i: float | None = Field(description="hallucinated mentions of all; null where nothing was said of objects")
    chair_i_known: float | None = Field(description="the same of what annotators look for in the image's subdomain")
    chair_s: float = Field(ge=0, le=1, description="captions with a hallucination")
    object_recall: float | None = Field(description="annotated categories that are said, by a hypernym's name too")
    object_recall_named: float | None = Field(description="annotated categories that are said by their own name")
    length: float = Field(ge=0, description="mean, in tokens")
    distinct_1: float = Field(ge=0, le=1, description="different words of all words")
    distinct_2: float = Field(ge=0, le=1, description="different bigrams of all bigrams")
    vocabulary: int = Field(ge=0, description="different words")


class ImageScores(_Value):
    """What the figures are reckoned from, of one caption, so that reports can be compared without the release."""

    image_id: int
    matches: list[int] = Field(description="n-grams of orders 1 to 4 that are in a reference")
    totals: list[int] = Field(description="n-grams of orders 1 to 4")
    length: int
    closest: int = Field(description="length of the closest reference")
    cider_d: float
    rouge_l: float
    nltk_meteor: float | None = None
    said: int = Field(description="mentions of categories that the release annotates")
    hallucinated: int
    said_known: int = Field(description="mentions of what annotators look for in the image's subdomain")
    hallucinated_known: int
    annotated: int = Field(description="categories")
    recalled: int
    named: int


class GroupReport(_Value):
    """One language and kind of caption."""

    language: str
    kind: str
    images: int = Field(description="that were scored")
    without_reference: int = Field(description="captioned images without a reference of this language and kind")
    missing: int = Field(description="images with a reference but no caption, where that was allowed")
    references: int
    figures: Figures
    subdomains: dict[str, Figures]
    baselines: dict[str, Figures]
    scores: list[ImageScores]


class QuotedRow(_Value):
    """Figures that others reported, as they reported them."""

    system: str
    source: str
    note: str
    bleu: list[float] = Field(description="reported as BLEU-1 to BLEU-4")


class CaptionReport(_Value):
    """How good the captions of a system are against a release."""

    schema_version: Literal[1] = 1
    predictions: str = Field(description="name of the file")
    release_version: str
    release_digest: str
    split: str
    elsewhere: int = Field(description="captions of images that are in other splits")
    unreferenced: list[str] = Field(description="languages and kinds that were captioned and have no reference here")
    signatures: dict[str, str] = Field(description="how each figure was reckoned")
    bleu: BleuOptions = Field(default=BleuOptions(), description="which BLEU it is")
    groups: list[GroupReport]
    quoted: list[QuotedRow]


# Facts of a publication; which BLEU it is, it does not say. Quoted beside ours, never taken for the same figure.
QUOTED = (
    QuotedRow(
        system="captioner of the paper",
        source="Fusion of Object-Centric and Linguistic Features, RANLP 2025",
        note="as reported, on MIC21",
        bleu=[0.71, 0.53, 0.47, 0.39],
    ),
    QuotedRow(
        system="Gemma 3",
        source="Fusion of Object-Centric and Linguistic Features, RANLP 2025",
        note="as reported, on MIC21",
        bleu=[0.79, 0.64, 0.53, 0.43],
    ),
)


def write_caption_report(report: CaptionReport, path: Path) -> None:
    """Write a report as JSON; its schema is schemas/captions-report.schema.json."""
    write_atomically(path, (report.model_dump_json(indent=1) + "\n").encode())


def read_caption_report(path: Path) -> CaptionReport:
    """Read a report.

    Raises:
        CheckError: the file is none.
    """
    try:
        return CaptionReport.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CheckError(f"{path}: expected a report of captions, found: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CheckError(
            f"{path}: expected a report that `mic21 evaluate captions --out` wrote, found at {place or 'the top'}: "
            f"{first['msg']}"
        ) from error


def to_markdown(report: CaptionReport) -> str:
    """A table of a report: the system, baselines, and what others reported."""
    lines = []
    for group in report.groups:
        title = f"{group.kind} in {group.language}, {report.split} split, {group.images} images"
        lines += [f"## {title[:1].upper()}{title[1:]}", ""]
        rows = {report.predictions: group.figures} | {f"baseline: {n}": f for n, f in group.baselines.items()}
        lines += _table("system", rows, report.quoted if group.language == "en" else [])
        if group.subdomains:
            lines += ["", *_table("subdomain", group.subdomains, [])]
        lines.append("")
    lines += [f"- {name}: `{signature}`" for name, signature in report.signatures.items()]
    lines += [f"- {row.system}: {row.note} in “{row.source}”." for row in report.quoted]
    return "\n".join(lines) + "\n"


def _table(head: str, rows: dict[str, Figures], quoted: Sequence[QuotedRow]) -> list[str]:
    columns = [(name, key) for name, key in _COLUMNS if any(getattr(row, key) is not None for row in rows.values())]
    lines = [f"| {head} | {' | '.join(name for name, _ in columns)} |", f"|---|{'---|' * len(columns)}"]
    for name, figures in rows.items():
        cells = [_cell(getattr(figures, key), key) for _, key in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for row in quoted:
        cells = [f"{value:.2f}" for value in row.bleu] + [""] * (len(columns) - 4)
        lines.append(f"| {row.system}, {row.note} | {' | '.join(cells)} |")
    return lines


def _cell(value: float | None, key: str) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if key == "length" else f"{value:.3f}"
