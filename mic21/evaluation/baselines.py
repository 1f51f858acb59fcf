"""Captions that cost nothing, for a figure to be read beside: none looks at a picture."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mic21.evaluation.cider_score import ORDER, DocumentFrequencies, cider_scores
from mic21.evaluation.ngrams import count_ngrams
from mic21.evaluation.tokens import tokenize
from mic21.release.reader import Release

Captions = dict[int, str]
# (release, split, language, kind, image ids) → name → captions
Baseline = Callable[[Release, str, str, str, Sequence[int]], Mapping[str, Captions]]
_CANDIDATES = 40  # of the best constant caption
_JUDGES = 400  # images that it is chosen by


def baseline_captions(
    release: Release, split: str, language: str, kind: str, image_ids: Sequence[int]
) -> dict[str, Captions]:
    """The captions of each baseline for images of a split; those that learn from captions use the `train` split alone.

    - `constant`: the caption that scores best as everybody's, by CIDEr-D on the training split.
    - `nearest neighbour`: the caption of the training image whose annotated categories are likest.
    - `object names`: the names of the annotated categories, as counted, and nothing else.

    Args:
        release: whose captions and annotations.
        split: of the images.
        language: of the captions.
        kind: of the captions.
        image_ids: of the images.
    """
    rows = release.captions(split="train", language=language, kind=kind).select(["image_id", "text"]).to_pylist()
    learned: dict[int, list[str]] = {}
    for row in rows:
        learned.setdefault(row["image_id"], []).append(row["text"])
    found = {"object names": _object_names(release, split, language, image_ids)}
    if learned:
        constant = best_constant(learned, language)
        found["constant"] = dict.fromkeys(image_ids, constant)
        found["nearest neighbour"] = _nearest(release, split, learned, image_ids)
    return found


def best_constant(captions: Mapping[int, Sequence[str]], language: str) -> str:
    """The caption that scores best as the caption of every image.

    Of the most frequent captions (of equal ones the shorter, then the first in the alphabet) the one with the highest
    mean CIDEr-D against the captions of evenly drawn images.
    """
    frequent = Counter(text for of_image in captions.values() for text in of_image)
    candidates = sorted(frequent, key=lambda text: (-frequent[text], len(text), text))[:_CANDIDATES]
    ids = sorted(captions)
    ids = ids[:: max(1, len(ids) // _JUDGES)]
    references = [[tokenize(text, language) for text in captions[id]] for id in ids]
    frequencies = DocumentFrequencies.of(references)

    def score(text: str) -> float:
        hypotheses = [tokenize(text, language)] * len(references)
        return float(cider_scores(count_ngrams(hypotheses, references, ORDER), frequencies).mean())

    return max(candidates, key=score)


def _nearest(release: Release, split: str, learned: Mapping[int, Sequence[str]], image_ids: Sequence[int]) -> Captions:
    """By the categories that both have, of all that either has; of equal ones the lowest id, and never the image."""
    known, asked = _objects(release, "train"), _objects(release, split)
    others = sorted(learned)
    columns = {key: column for column, key in enumerate(sorted({key for found in known.values() for key in found}))}
    theirs = np.zeros((len(others), len(columns)), dtype=np.float32)
    for row, id in enumerate(others):
        theirs[row, [columns[key] for key in known.get(id, ())]] = 1
    places = {id: row for row, id in enumerate(others)}
    captions = {}
    for id in image_ids:
        own = np.zeros(len(columns), dtype=np.float32)
        found = asked.get(id, Counter())
        own[[columns[key] for key in found if key in columns]] = 1
        both = theirs @ own
        either = theirs.sum(axis=1) + len(found) - both
        likeness = np.divide(both, either, out=np.ones_like(both), where=either > 0)
        if id in places:
            likeness[places[id]] = -1
        captions[id] = learned[others[int(likeness.argmax())]][0]
    return captions


def _object_names(release: Release, split: str, language: str, image_ids: Sequence[int]) -> Captions:
    found = _objects(release, split)
    captions = {}
    for id in image_ids:
        counts = sorted(found.get(id, Counter()).items(), key=lambda item: (-item[1], item[0]))
        names = [release.ontology[key].name(language) or "" for key, _ in counts]
        captions[id] = ", ".join(name for name in names if name)
    return captions


def _objects(release: Release, split: str) -> dict[int, Counter[str]]:
    """Image id → how many objects of each category."""
    objects: dict[int, Counter[str]] = {}
    for row in release.annotations(split=split, columns=["image_id", "category"]).to_pylist():
        if row["category"] is not None:
            objects.setdefault(row["image_id"], Counter())[row["category"]] += 1
    return objects
