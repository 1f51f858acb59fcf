"""Two systems on the same images: differences with paired bootstrap intervals (Koehn 2004)."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from mic21.errors import CheckError, UsageError
from mic21.evaluation.bleu_score import BleuOptions, bleu_of
from mic21.evaluation.caption_report import CaptionReport, GroupReport, read_caption_report

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_LEVEL = 0.95
_AT_ONCE = 100  # resamples


class Difference(BaseModel):
    """One figure of two systems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    kind: str
    images: int
    measure: str
    a: float | None = Field(description="null where there is none, such as CHAIR-i where nothing was said of objects")
    b: float | None
    difference: float | None = Field(description="b − a; null, as all that follows, where a or b is")
    low: float | None = Field(description="lower end of the 95 % interval of the difference")
    high: float | None
    b_higher: float | None = Field(description="share of the resamples in which b is higher, equal ones counting half")


def compare_captions(a: Path, b: Path, *, resamples: int = 1_000, seed: int = 21) -> list[Difference]:
    """How two reports of `mic21 evaluate captions` differ, on the images that both scored.

    Images are drawn with replacement, the same ones for both; each figure is reckoned anew from what is drawn. CIDEr-D
    keeps the document frequencies of its report. Resamples in which a figure is none do not count for it.

    Args:
        a: report of one system.
        b: report of the other.
        resamples: how many draws.
        seed: of the draws.

    Raises:
        UsageError: `resamples` is not positive.
        CheckError: a file is no report, they are of different releases, splits or measures, or share no image.
    """
    if resamples < 1:
        raise UsageError(f"resamples: expected 1 or more, found {resamples}")
    one, other = read_caption_report(a), read_caption_report(b)
    for name in ("release_digest", "split", "signatures"):
        if getattr(one, name) != getattr(other, name):
            raise CheckError(f"{a} and {b}: {name}: expected the same, found {_differing(one, other, name)}")
    theirs = {(group.language, group.kind): group for group in other.groups}
    pairs = [
        (group, theirs[group.language, group.kind]) for group in one.groups if (group.language, group.kind) in theirs
    ]
    found = [difference for pair in pairs for difference in _differences(*pair, one.bleu, resamples, seed)]
    if not found:
        raise CheckError(f"{a} and {b}: expected captions of the same images, language and kind in both, found none")
    return found


def _differing(one: CaptionReport, other: CaptionReport, name: str) -> str:
    return f"{getattr(one, name)!r} and {getattr(other, name)!r}"


def to_markdown(differences: Sequence[Difference]) -> str:
    """Differences as a table."""
    columns = ("a", "b", "difference", "low", "high", "b_higher")
    lines = [
        "| language | kind | images | measure | a | b | b − a | low | high | b higher |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in differences:
        values = [getattr(one, column) for column in columns]
        cells = ["" if value is None else f"{value:.3f}" for value in values]
        lines.append(f"| {one.language} | {one.kind} | {one.images} | {one.measure} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _differences(a: GroupReport, b: GroupReport, options: BleuOptions, resamples: int, seed: int) -> list[Difference]:
    ids = sorted({score.image_id for score in a.scores} & {score.image_id for score in b.scores})
    if not ids:
        return []
    tables = [_table(group, ids, options) for group in (a, b)]
    random = np.random.default_rng(seed)
    drawn: dict[str, list[Floats]] = {name: [] for name in MEASURES}
    for start in range(0, resamples, _AT_ONCE):
        draws = random.integers(len(ids), size=(min(_AT_ONCE, resamples - start), len(ids)))
        sums = [_sums(table, draws, options) for table in tables]
        for name, measure in MEASURES.items():
            drawn[name].append(measure(sums[1]) - measure(sums[0]))
    whole = [_sums(table, np.arange(len(ids))[None], options) for table in tables]
    differences = []
    for name, measure in MEASURES.items():
        of_a, of_b = (float(measure(sums)[0]) for sums in whole)
        spread = np.concatenate(drawn[name])
        figures = _spread(of_b - of_a, spread[~np.isnan(spread)])
        values = {key: None if math.isnan(value) else value for key, value in {"a": of_a, "b": of_b, **figures}.items()}
        differences.append(Difference(language=a.language, kind=a.kind, images=len(ids), measure=name, **values))
    return differences


def _spread(difference: float, drawn: Floats) -> dict[str, float]:
    """A difference with the interval and the share of its resamples."""
    if math.isnan(difference) or not len(drawn):
        return dict.fromkeys(("difference", "low", "high", "b_higher"), math.nan)
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]).tolist()
    b_higher = float((drawn > 0).mean() + (drawn == 0).mean() / 2)
    return {"difference": difference, "low": low, "high": high, "b_higher": b_higher}


def _sums(table: Mapping[str, Floats], draws: Integers, options: BleuOptions) -> "Sums":
    """Column → its sum over the images of each draw; of `bleu` the figures, which no sum gives."""
    sums = {name: column[draws].sum(axis=1) for name, column in table.items()}
    if options.mode == "sentence":
        return sums | {"bleu": sums["bleu"] / sums["images"][:, None]}
    return sums | {"bleu": bleu_of(sums["bleu"], smoothing=options.smoothing, cumulative=options.cumulative)}


def _table(group: GroupReport, ids: list[int], options: BleuOptions) -> dict[str, Floats]:
    """Column → what each image adds to a sum."""
    scores = {score.image_id: score for score in group.scores}
    rows = [scores[id] for id in ids]
    bleu = np.array([[*row.matches, *row.totals, row.length, row.closest] for row in rows], np.float64)
    if options.mode == "sentence":
        bleu = bleu_of(bleu, smoothing=options.smoothing, cumulative=options.cumulative)
    columns: dict[str, Any] = {
        "bleu": bleu,
        "images": [1 for _ in rows],
        "caught": [row.hallucinated > 0 for row in rows],
    }
    columns |= {name: [getattr(row, name) for row in rows] for name in _SUMMED}
    return {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}


Sums = Mapping[str, Floats]
_SUMMED = ("cider_d", "rouge_l", "said", "hallucinated", "annotated", "recalled")


def _bleu(order: int) -> Callable[[Sums], Floats]:
    return lambda sums: sums["bleu"][:, order - 1]


def _ratio(part: str, whole: str) -> Callable[[Sums], Floats]:
    def measure(sums: Sums) -> Floats:
        return np.divide(sums[part], sums[whole], out=np.full_like(sums[part], np.nan), where=sums[whole] > 0)

    return measure


MEASURES: dict[str, Callable[[Sums], Floats]] = {
    "BLEU-1": _bleu(1),
    "BLEU-4": _bleu(4),
    "CIDEr-D": _ratio("cider_d", "images"),
    "ROUGE-L": _ratio("rouge_l", "images"),
    "CHAIR-i": _ratio("hallucinated", "said"),
    "CHAIR-s": _ratio("caught", "images"),
    "object recall": _ratio("recalled", "annotated"),
}
