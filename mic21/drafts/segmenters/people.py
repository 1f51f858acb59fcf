"""Where people stand: OpenCV's own detectors, since ImageNet-1k has next to no class for a person.

Two classics that come inside OpenCV and need no download: the pedestrian detector on histograms of oriented gradients
(Dalal and Triggs, CVPR 2005) for upright bodies, and the cascade of Viola and Jones (CVPR 2001) for faces. Each find
becomes evidence in the shape of a body, which GrabCut then fits to the picture.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]  # x, y, width, height
_LIKELY, _POSSIBLE = 0.6, 0.2


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """How sure a detector must be.

    Attributes:
        body_from: least distance from the pedestrian detector's hyperplane.
        profile_from: least weight of the last stage of the cascade for faces in profile.
    """

    body_from: float = 1.5
    profile_from: float = 1.0


def people(image: npt.NDArray[np.uint8], settings: PeopleSettings, *, expected: bool = False) -> list[Floats]:
    """Evidence, h×w and 0 to 1, for each person found, bodies first.

    Args:
        image: uint8 h×w×3 RGB; the detectors were tuned for a longer side of 448 pixels.
        settings: how sure they must be.
        expected: where nobody was found, look for faces in profile too, which takes longer than all the rest.
    """
    shape = image.shape[:2]
    if shape[0] < 128 or shape[1] < 64:  # smaller than the pedestrian detector's window
        return []
    boxes, weights = _body_detector().detectMultiScale(image, winStride=(8, 8), scale=1.1)
    found = [_body(shape, box) for box in _sure(boxes, weights, settings.body_from)]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    faces = _cascade("frontalface_alt2").detectMultiScale(gray, 1.15, 6, minSize=(24, 24))
    found += [_bust(shape, box) for box in _sorted(faces)]
    return found if found or not expected else [_bust(shape, box) for box in _profiles(gray, settings.profile_from)]


def _profiles(gray: npt.NDArray[Any], least: float) -> list[Box]:
    """Faces that look to the left, and those that do in the mirror."""
    found = []
    for mirrored in (False, True):
        view = np.ascontiguousarray(gray[:, ::-1]) if mirrored else gray
        detected = _cascade("profileface").detectMultiScale3(view, 1.1, 2, minSize=(24, 24), outputRejectLevels=True)
        for x, y, width, height in _sure(detected[0], detected[2], least):
            found.append((gray.shape[1] - x - width if mirrored else x, y, width, height))
    return found


@cache
def _body_detector() -> cv2.HOGDescriptor:
    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
    return detector


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))


def _sure(boxes: object, weights: object, least: float) -> list[Box]:
    """The boxes with enough weight."""
    sure = np.ravel(np.asarray(weights, float)) >= least
    return _sorted(np.asarray(boxes, int).reshape(-1, 4)[sure])


def _sorted(boxes: object) -> list[Box]:
    """Boxes in an order that does not depend on the detector's threads."""
    return sorted((x, y, width, height) for x, y, width, height in np.asarray(boxes, int).reshape(-1, 4).tolist())


def _body(shape: tuple[int, ...], box: Box) -> Floats:
    """An upright person inside the box of the pedestrian detector, which leaves a margin around the body."""
    x, y, width, height = box
    evidence = np.zeros(shape, np.float32)
    middle = x + width / 2
    for value, across, down, center in ((_POSSIBLE, 0.75, 0.92, 0.5), (_LIKELY, 0.5, 0.85, 0.5), (1.0, 0.22, 0.5, 0.4)):
        ellipse = ((middle, y + height * center), (width * across, height * down), 0)
        cv2.ellipse(evidence, ellipse, value, -1)
    return cv2.GaussianBlur(evidence, (0, 0), max(1.0, 0.06 * width)).astype(np.float32)


def _bust(shape: tuple[int, ...], box: Box) -> Floats:
    """Head, shoulders and chest under a face; arms and legs are possible."""
    x, y, width, height = box
    evidence = np.zeros(shape, np.float32)
    middle, chest = x + width / 2, y + 1.5 * height
    for value, wider, down in ((_POSSIBLE, 1.35, 7.0), (_LIKELY, 1.0, 4.5)):
        half = 1.7 * width * wider
        cv2.rectangle(
            evidence, (int(middle - half), int(chest)), (int(middle + half), int(y + down * height)), value, -1
        )
        cv2.ellipse(evidence, ((middle, y + 0.45 * height), (1.15 * width * wider, 1.6 * height * wider), 0), value, -1)
    cv2.ellipse(evidence, ((middle, y + 0.5 * height), (0.75 * width, 0.9 * height), 0), 1.0, -1)
    half = 0.6 * width
    cv2.rectangle(evidence, (int(middle - half), int(chest)), (int(middle + half), int(y + 2.5 * height)), 1.0, -1)
    return cv2.GaussianBlur(evidence, (0, 0), max(1.0, 0.06 * width)).astype(np.float32)
