"""Two systems on the same images: differences with paired bootstrap intervals (Koehn 2004)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from mic21.errors import CheckError, UsageError
from mic21.evaluation.bleu_score import bleu_of
from mic21.evaluation.caption_report import CaptionReport, GroupReport, read_caption_report

Floats = npt.NDArray[np.float64]
_LEVEL = 0.95
_AT_ONCE = 100  # resamples


class Difference(BaseModel):
    """One figure of two systems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    kind: str
    images: int
    measure: str
    a: float
    b: float
    difference: float = Field(description="b − a")
    low: float = Field(description="lower end of the 95 % interval of the difference")
    high: float
    b_higher: float = Field(description="share of the resamples in which b is higher, equal ones counting half")


def compare_captions(a: Path, b: Path, *, resamples: int = 1_000, seed: int = 21) -> list[Difference]:
    """How two reports of `mic21 evaluate captions` differ, on the images that both scored.

    Images are drawn with replacement, the same ones for both; each figure is reckoned anew from what is drawn. CIDEr-D
    keeps the document frequencies of its report.

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
    found = [difference for pair in pairs for difference in _differences(*pair, resamples, seed)]
    if not found:
        raise CheckError(f"{a} and {b}: expected captions of the same images, language and kind in both, found none")
    return found


def _differing(one: CaptionReport, other: CaptionReport, name: str) -> str:
    return f"{getattr(one, name)!r} and {getattr(other, name)!r}"


def _differences(a: GroupReport, b: GroupReport, resamples: int, seed: int) -> list[Difference]:
    ids = sorted({score.image_id for score in a.scores} & {score.image_id for score in b.scores})
    if not ids:
        return []
    tables = [_table(group, ids) for group in (a, b)]
    random = np.random.default_rng(seed)
    drawn: dict[str, list[Floats]] = {name: [] for name in MEASURES}
    for start in range(0, resamples, _AT_ONCE):
        draws = random.integers(len(ids), size=(min(_AT_ONCE, resamples - start), len(ids)))
        sums = [{name: column[draws].sum(axis=1) for name, column in table.items()} for table in tables]
        for name, measure in MEASURES.items():
            drawn[name].append(measure(sums[1]) - measure(sums[0]))
    whole = [{name: column.sum(axis=0, keepdims=True) for name, column in table.items()} for table in tables]
    differences = []
    for name, measure in MEASURES.items():
        of_a, of_b = (float(measure(sums)[0]) for sums in whole)
        spread = np.concatenate(drawn[name])
        low, high = np.quantile(spread, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        differences.append(
            Difference(
                language=a.language,
                kind=a.kind,
                images=len(ids),
                measure=name,
                a=of_a,
                b=of_b,
                difference=of_b - of_a,
                low=float(low),
                high=float(high),
                b_higher=float((spread > 0).mean() + (spread == 0).mean() / 2),
            )
        )
    return differences


def _table(group: GroupReport, ids: list[int]) -> dict[str, Floats]:
    """Column → what each image adds to a sum."""
    scores = {score.image_id: score for score in group.scores}
    rows = [scores[id] for id in ids]
    columns: dict[str, Any] = {
        "bleu": [[*row.matches, *row.totals, row.length, row.closest] for row in rows],
        "images": [1 for _ in rows],
        "caught": [row.hallucinated > 0 for row in rows],
    }
    columns |= {name: [getattr(row, name) for row in rows] for name in _SUMMED}
    return {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}


Sums = Mapping[str, Floats]
_SUMMED = ("cider_d", "rouge_l", "said", "hallucinated", "annotated", "recalled")


def _bleu(order: int) -> Callable[[Sums], Floats]:
    return lambda sums: bleu_of(sums["bleu"])[:, order - 1]


def _ratio(part: str, whole: str) -> Callable[[Sums], Floats]:
    def measure(sums: Sums) -> Floats:
        return np.divide(sums[part], sums[whole], out=np.zeros_like(sums[part]), where=sums[whole] > 0)

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
