"""Categories predicted for an image, against those that are annotated: flat, and along the hierarchy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mic21.errors import CheckError, UsageError
from mic21.evaluation.predictions import problem_list, read_lines, read_predictions
from mic21.evaluation.truth import Truth, by_subdomain, read_truths, upward
from mic21.ontology import Ontology
from mic21.ontology.mentions import Mentions
from mic21.release.reader import Release

Form = Literal["tags", "captions", "coco"]
Scores = dict[str, float]  # category key → score


class _Tag(msgspec.Struct):
    key: str
    score: float = 1.0


class _Line(msgspec.Struct):
    image_id: int
    categories: list[_Tag | str]


class _Detection(msgspec.Struct):
    image_id: int
    category_id: int
    score: float


class _Category(msgspec.Struct):
    id: int
    name: str
    key: str | None = None


class _Document(msgspec.Struct):
    annotations: list[_Detection]
    categories: list[_Category] = []


class TagFigures(BaseModel):
    """How good predicted categories are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: float = Field(description="micro: all images and categories together; 0 where nothing was predicted")
    recall: float
    f1: float
    macro_precision: float = Field(description="mean over the categories that are annotated")
    macro_recall: float
    macro_f1: float
    mean_ap: float | None = Field(description="mean average precision over the categories; null without scores")


class TagReport(BaseModel):
    """How good the categories predicted for a split are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    predictions: str
    release_version: str
    release_digest: str
    split: str
    images: int
    unpredicted: int = Field(description="images of the split that nothing was predicted for")
    threshold: float = Field(description="scores from here on count as predicted; average precision takes all")
    unjudged: int = Field(description="predicted categories left out, because absence of them is not known")
    flat: TagFigures
    hierarchical: TagFigures = Field(description="categories and all above them, Kiritchenko et al. 2006")
    subdomains: dict[str, TagFigures] = Field(description="flat")


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One image: what is there, and what was predicted of what is known."""

    truth: frozenset[str]
    scores: Scores


def evaluate_tags(
    predictions: Path,
    release: Release,
    split: str,
    *,
    form: Form = "tags",
    threshold: float = 0.5,
    known: bool = False,
) -> TagReport:
    """Measure predicted category sets against the annotated ones.

    Args:
        predictions: by `form`.
        release: whose annotations are what is there.
        split: `train`, `val` or `test`.
        form: `tags`, JSON lines `{"image_id": 1, "categories": [{"key": "violin", "score": 0.9}]}` or with bare keys;
            `captions`, JSON lines of captions, whose words are the prediction; `coco`, detections of a COCO results
            file or a COCO file with scores.
        threshold: scores from here on count as predicted.
        known: leave out predictions of what annotators did not look for in the image's subdomain; otherwise, of what
            the release does not annotate anywhere.

    Raises:
        UsageError: there is no such split or form.
        CheckError: predictions that are malformed or doubled, or of images or categories that are unknown.
    """
    readers = {"tags": _read_tags, "captions": _read_captions, "coco": _read_detections}
    if form not in readers:
        raise UsageError(f"form: expected {', '.join(readers)}, found {form!r}")
    found = readers[form](predictions, release)
    unknown = sorted(found.keys() - set(release.images()["id"].to_pylist()))
    if unknown:
        raise CheckError(f"{predictions}: expected images of the release, found {len(unknown)} others: {unknown[:5]}")
    truths = read_truths(release, split)
    labelled = {id: _labelled(truth, found.get(id, {}), known) for id, truth in truths.items()}
    predicted = sum(len(found.get(id, ())) for id in truths)
    has_scores = form != "captions" and any(score != 1 for scores in found.values() for score in scores.values())
    raised = {id: _raised(image, release.ontology) for id, image in labelled.items()}
    return TagReport(
        predictions=predictions.name,
        release_version=release.version,
        release_digest=release.manifest.digest,
        split=split,
        images=len(truths),
        unpredicted=sum(id not in found for id in truths),
        threshold=threshold,
        unjudged=predicted - sum(len(image.scores) for image in labelled.values()),
        flat=_figures(list(labelled.values()), threshold, has_scores),
        hierarchical=_figures(list(raised.values()), threshold, has_scores),
        subdomains={
            name: _figures([labelled[id] for id in ids], threshold, has_scores)
            for name, ids in by_subdomain(truths).items()
        },
    )


def average_precision(positives: Sequence[bool], scores: Sequence[float]) -> float:
    """Average precision of a ranking: the mean of the precision at each positive; equal scores rank together.

    >>> average_precision([True, False, True], [0.9, 0.8, 0.7])
    0.8333333333333333
    """
    truth, ranked = np.asarray(positives, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    order = np.argsort(-ranked, kind="stable")
    truth, ranked = truth[order], ranked[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(truth)[last]
    recall = np.diff(hits / truth.sum(), prepend=0)
    return float((recall * hits / (last + 1)).sum())


def _labelled(truth: Truth, scores: Scores, known: bool) -> _Labelled:
    judged = truth.looked_for if known else truth.judged
    return _Labelled(truth.annotated, {key: score for key, score in scores.items() if key in judged})


def _raised(image: _Labelled, ontology: Ontology) -> _Labelled:
    """The same with all that is above each category, at the highest score of what is below."""
    scores: Scores = {}
    for key, score in image.scores.items():
        for above in upward([key], ontology):
            scores[above] = max(scores.get(above, score), score)
    return _Labelled(upward(image.truth, ontology), scores)


def _figures(images: Sequence[_Labelled], threshold: float, has_scores: bool) -> TagFigures:
    right: dict[str, int] = {}
    said: dict[str, int] = {}
    there: dict[str, int] = {}
    for image in images:
        predicted = {key for key, score in image.scores.items() if score >= threshold}
        for counts, keys in ((right, predicted & image.truth), (said, predicted), (there, image.truth)):
            for key in keys:
                counts[key] = counts.get(key, 0) + 1
    precision, recall, f1 = _rates(sum(right.values()), sum(said.values()), sum(there.values()))
    each = [_rates(right.get(key, 0), said.get(key, 0), there[key]) for key in sorted(there)]
    macro = np.mean(each, axis=0).tolist() if each else [0.0, 0.0, 0.0]
    return TagFigures(
        precision=precision,
        recall=recall,
        f1=f1,
        macro_precision=macro[0],
        macro_recall=macro[1],
        macro_f1=macro[2],
        mean_ap=_mean_ap(images, sorted(there)) if has_scores and there else None,
    )


def _rates(right: int, said: int, there: int) -> tuple[float, float, float]:
    precision, recall = right / said if said else 0.0, right / there if there else 0.0
    return precision, recall, 2 * right / (said + there) if said + there else 0.0


def _mean_ap(images: Sequence[_Labelled], keys: Iterable[str]) -> float:
    each = [
        average_precision([key in image.truth for image in images], [image.scores.get(key, -1.0) for image in images])
        for key in keys
    ]
    return float(np.mean(each))


def _read_tags(path: Path, release: Release) -> dict[int, Scores]:
    decoder = msgspec.json.Decoder(_Line)
    found: dict[int, Scores] = {}
    problems = []
    for number, text in enumerate(read_lines(path), 1):
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            problems.append(f"line {number}: expected image_id and categories, found: {error}")
            continue
        tags = [_Tag(tag) if isinstance(tag, str) else tag for tag in line.categories]
        unknown = [tag.key for tag in tags if tag.key not in release.ontology]
        if unknown:
            problems.append(f"line {number}: expected keys of the ontology, found {', '.join(unknown[:5])}")
        elif line.image_id in found:
            problems.append(f"line {number}: expected each image once, found {line.image_id} again")
        else:
            found[line.image_id] = _highest((release.ontology[tag.key].key, tag.score) for tag in tags)
    if problems:
        raise CheckError(problem_list(path, problems))
    return found


def _read_captions(path: Path, release: Release) -> dict[int, Scores]:
    """What captions say of their images, all languages and kinds together."""
    found: dict[int, Scores] = {}
    for (language, _), captions in sorted(read_predictions(path).groups.items()):
        mentions = Mentions(release.ontology, language)
        for id, text in captions.items():
            # Of an ambiguous name only the first meaning: to count all would punish each caption for the language.
            keys = {mention.categories[0] for mention in mentions.find(text)}
            found.setdefault(id, {}).update(dict.fromkeys(keys, 1.0))
    return found


def _read_detections(path: Path, release: Release) -> dict[int, Scores]:
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document | list[_Detection])
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckError(f"{path}: expected COCO results, or a COCO file with scores, found: {error}") from error
    if isinstance(document, list):
        document = _Document(document)
    keys: Mapping[int, str | None] = {row["id"]: row["key"] for row in release.categories().to_pylist()}
    if document.categories:
        ontology = release.ontology
        own = {one.id: ontology.get(one.key or "") or ontology.find(one.name) for one in document.categories}
        keys = {id: category.key if category else None for id, category in own.items()}
    unknown = sorted({one.category_id for one in document.annotations} - keys.keys())
    if unknown:
        raise CheckError(f"{path}: expected category ids of the release, found {unknown[:5]}")
    rows: dict[int, list[tuple[str, float]]] = {}
    for one in document.annotations:
        key = keys[one.category_id]
        if key is not None:
            rows.setdefault(one.image_id, []).append((key, one.score))
    return {id: _highest(pairs) for id, pairs in rows.items()}


def _highest(pairs: Iterable[tuple[str, float]]) -> Scores:
    scores: Scores = {}
    for key, score in pairs:
        scores[key] = max(scores.get(key, score), score)
    return scores
