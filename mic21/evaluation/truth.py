"""What is known of the objects of an image, and of which categories it is known.

CHAIR was made for COCO, whose images are annotated exhaustively for all its categories; so a release's categories are
taken as a whole here. In a MIC21 subdomain, though, all objects of its dominant class and of the related attribute
classes are annotated, and only those: for these and what is below them absence is certain. Both are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from mic21.ontology import Ontology
from mic21.release.reader import Release

Keys = frozenset[str]


@dataclass(frozen=True, slots=True)
class Truth:
    """The objects of one image.

    Attributes:
        subdomain: its theme, or None.
        lines: key of each annotated category → it and all above it.
        supported: these and all above them: what may be said of the image.
        judged: what is annotated anywhere in the release, and all above and below it.
        looked_for: what annotators looked for in images of this subdomain (of the whole release, where the image has
            none), and all below it. Not what is above: other food than pizza may be there.
    """

    subdomain: str | None
    lines: Mapping[str, Keys]
    supported: Keys
    judged: Keys
    looked_for: Keys

    @property
    def annotated(self) -> Keys:
        """Keys of the categories that are annotated."""
        return frozenset(self.lines)


def read_truths(release: Release, split: str) -> dict[int, Truth]:
    """The truth of each image of a split, by id.

    Args:
        release: what to read.
        split: `train`, `val` or `test`.

    Raises:
        UsageError: there is no such split.
    """
    ontology = release.ontology
    found: dict[int, set[str]] = {}
    for row in release.annotations(split=split, columns=["image_id", "category"]).to_pylist():
        if row["category"] is not None:
            found.setdefault(row["image_id"], set()).add(row["category"])
    labels = {key for key in release.annotations(columns=["category"])["category"].to_pylist() if key is not None}
    shown = downward(labels, ontology) | upward(labels, ontology)

    @cache
    def looked_for(subdomain: str | None) -> Keys:
        drawn = {category.key for category in ontology.categories(subdomain=subdomain)} if subdomain else labels
        return downward(drawn, ontology)

    @cache
    def line(key: str) -> Keys:
        return upward([key], ontology)

    images = release.images(split=split).select(["id", "subdomain"]).to_pylist()
    truths = {}
    for image in images:
        lines = {key: line(key) for key in sorted(found.get(image["id"], ()))}
        supported = frozenset[str]().union(*lines.values())
        theme = image["subdomain"]
        truths[image["id"]] = Truth(theme, lines, supported, shown | supported, looked_for(theme) | lines.keys())
    return truths


def upward(keys: Iterable[str], ontology: Ontology) -> Keys:
    """Categories and all above them.

    >>> sorted(upward(["violin"], Ontology.load()))
    ['musical_instrument', 'stringed_instrument', 'violin']
    """
    keys = list(keys)
    return frozenset(keys) | {above.key for key in keys for above in ontology.ancestors(key)}


def downward(keys: Iterable[str], ontology: Ontology) -> Keys:
    """Categories and all below them."""
    return frozenset(below.key for key in keys for below in ontology.under(key, include_self=True))


def by_subdomain(truths: Mapping[int, Truth]) -> dict[str, list[int]]:
    """Subdomain → ids of its images."""
    groups: dict[str, list[int]] = {}
    for image_id, truth in truths.items():
        if truth.subdomain is not None:
            groups.setdefault(truth.subdomain, []).append(image_id)
    return dict(sorted(groups.items()))
