"""Scenes: a recipe becomes objects with colours and places, then a picture with a mask of each object."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mic21.geometry import Rle, area, mask_to_rle
from mic21.synth.backgrounds import SKIES, WALLS, Pixels, draw_background
from mic21.synth.canvas import Box, Canvas, Placement
from mic21.synth.colors import COLORS, HAIR, SKIN, vary
from mic21.synth.figures import Look
from mic21.synth.recipes import FIGURES, Part, Recipe

_SIZES = ((320, 240), (320, 240), (300, 225), (320, 213), (288, 256))
_SMALLEST = 20  # pixels of a mask; a scene that hides an object more than that is composed anew
_SIDE = 0.24  # of the width, for what stands beside
_SIZE_NAMES = {"large": (0.86, 1.0), "small": (0.4, 0.5)}


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of a scene.

    Attributes:
        category: its key.
        color: name of its main colour, None where it has no choice.
        subject: index of the object that it is fixed to, None for subjects and what stands beside.
        predicate: what that one does with it, see `mic21.synth.recipes.Part`.
        side: `left` or `right` for what stands beside, else None.
        rle: the pixels in which it is seen.
    """

    category: str
    color: str | None
    subject: int | None
    predicate: str | None
    side: str | None
    rle: Rle


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and all that is known of it.

    Attributes:
        recipe: what it was made by.
        place: where it is, of `mic21.synth.recipes.PLACES`.
        tone: colour of the sky or of the wall.
        size: `large`, `small`, or None where nothing is said of it.
        things: its objects.
        pixels: height × width × 3, uint8.
    """

    recipe: Recipe
    place: str
    tone: str
    size: str | None
    things: tuple[Thing, ...]
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class _Planned:
    """An object before it is drawn; `subject` as in `Thing`."""

    category: str
    look: Look
    placement: Placement
    subject: int | None = None
    predicate: str | None = None
    side: str | None = None
    depth: int = 0


def compose(recipe: Recipe, random: np.random.Generator) -> Scene:
    """A scene by a recipe: the same one for the same state of `random`."""
    while True:
        scene = _compose_once(recipe, random)
        if all(area(thing.rle) >= _SMALLEST for thing in scene.things):
            return scene


def _compose_once(recipe: Recipe, random: np.random.Generator) -> Scene:
    width, height = _SIZES[random.integers(len(_SIZES))]
    place = recipe.places[random.integers(len(recipe.places))]
    count = int(random.integers(1, recipe.most + 1))
    looks = _looks(recipe, random)
    hiding = {looks[recipe.subject].name} | ({"black"} & {look.name for look in looks.values()})
    tone = _choice([tone for tone in (WALLS if place == "room" else SKIES) if tone not in hiding], random)
    pixels, horizon = draw_background(place, tone, width, height, random)
    size = _choice(list(_SIZE_NAMES), random) if _has_size(recipe, count) else None
    planned = _plan(recipe, place, count, size, looks, (width, height, horizon), random)
    canvas = Canvas(pixels)
    for number in sorted(range(len(planned)), key=lambda number: (planned[number].depth, number)):
        one = planned[number]
        patch = canvas.patch(FIGURES[one.category].box, one.placement)
        if patch:
            image, pen, left, top = patch
            FIGURES[one.category].draw(pen, one.look)
            canvas.settle(image, left, top, number)
    things = tuple(
        Thing(
            one.category,
            one.look.name if len(FIGURES[one.category].colors) > 1 else None,
            one.subject,
            one.predicate,
            one.side,
            mask_to_rle(canvas.mask(number)),
        )
        for number, one in enumerate(planned)
    )
    return Scene(recipe, place, tone, size, things, canvas.pixels)


def _has_size(recipe: Recipe, count: int) -> bool:
    return count == 1 and not recipe.beside and all(part.predicate == "part_of" for part in recipe.parts)


def _looks(recipe: Recipe, random: np.random.Generator) -> dict[str, Look]:
    """One look for each category, so that a caption can say `two red buses`."""
    keys = [recipe.subject, *(part.category for part in recipe.parts), *(key for key, _ in recipe.beside)]
    looks = {}
    for key in dict.fromkeys(keys):
        name = _choice(FIGURES[key].colors, random)
        other = _choice([color for color in COLORS if color not in (name, "brown", "orange")], random)
        looks[key] = Look(
            name,
            vary(COLORS[name], random),
            vary(COLORS[other], random),
            SKIN[random.integers(len(SKIN))],
            HAIR[random.integers(len(HAIR))],
        )
    return looks


def _plan(
    recipe: Recipe,
    place: str,
    count: int,
    size: str | None,
    looks: dict[str, Look],
    frame: tuple[int, int, int],
    random: np.random.Generator,
) -> list[_Planned]:
    width, height, horizon = frame
    parts = [part for part in recipe.parts if random.random() < part.chance]
    sides = _sides(recipe, random)
    x0, y0, x1, y1 = _extent(recipe.subject, parts)
    left = width * (_SIDE if "left" in sides else 0.02)
    room = width * (1 - (_SIDE if "right" in sides else 0.02)) - left
    slot = room / count
    scale = min(slot * 0.96 / (x1 - x0), height * 0.86 / (y1 - y0))
    scale *= random.uniform(*_SIZE_NAMES[size]) if size else random.uniform(0.84, 1.0)
    planned: list[_Planned] = []
    mirrored = bool(random.random() < 0.5)
    for number in range(count):
        ground = _ground(place, scale, (y0, y1), (height, horizon), random)
        free = (slot - scale * (x1 - x0)) / 2
        middle = left + slot * (number + 0.5) + random.uniform(-free, free) * 0.9
        shift = (x0 + x1) / 2 * scale
        angle = float(random.uniform(-7, 7)) if place == "air" else 0.0
        x = middle + (shift if mirrored else -shift)
        subject = Placement(x, ground, scale, angle, mirrored)
        index = len(planned)
        planned.append(_Planned(recipe.subject, looks[recipe.subject], subject, depth=2))
        for part in parts:
            placement = subject.part(part.at, part.scale, part.angle)
            planned.append(
                _Planned(
                    part.category,
                    looks[part.category],
                    placement,
                    index,
                    part.predicate,
                    depth=1 if part.behind else 2,
                )
            )
    for side, (key, relative) in sides.items():
        planned.append(_beside(key, relative, side, looks[key], scale, frame, random))
    return planned


def _sides(recipe: Recipe, random: np.random.Generator) -> dict[str, tuple[str, float]]:
    """What stands on the left and on the right: nothing, one of the recipe's things, or two that differ."""
    if not recipe.beside:
        return {}
    order = random.permutation(len(recipe.beside))
    sides = ["left", "right"] if random.random() < 0.5 else ["right", "left"]
    most = min(2, len(recipe.beside))
    return {sides[n]: recipe.beside[order[n]] for n in range(int(random.integers(0, most + 1)))}


def _extent(subject: str, parts: Sequence[Part]) -> Box:
    """The box of a subject with its parts, in the subject's units."""
    boxes = [FIGURES[subject].box]
    for part in parts:
        own = Placement(0, 0, 1).part(part.at, part.scale, part.angle)
        box = FIGURES[part.category].box
        corners = [own.point((x, y)) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs, ys = zip(*corners, strict=True)
        boxes.append((min(xs), min(ys), max(xs), max(ys)))
    lows_x, lows_y, highs_x, highs_y = zip(*boxes, strict=True)
    return min(lows_x), min(lows_y), max(highs_x), max(highs_y)


def _ground(
    place: str, scale: float, reach: tuple[float, float], frame: tuple[int, int], random: np.random.Generator
) -> float:
    """The row of the origin, such that nothing leaves the picture and what stands stands on the ground."""
    height, horizon = frame
    top, bottom = reach
    lowest = height * 0.985 - scale * bottom
    highest = height * 0.015 - scale * top
    if place != "air":
        highest = max(highest, min(horizon + 0.12 * height, lowest))
    return float(random.uniform(min(highest, lowest), lowest))


def _beside(
    key: str,
    relative: float,
    side: str,
    look: Look,
    scale: float,
    frame: tuple[int, int, int],
    random: np.random.Generator,
) -> _Planned:
    width, height, horizon = frame
    x0, y0, x1, y1 = FIGURES[key].box
    own = min(scale * relative, width * _SIDE * 0.96 / (x1 - x0), height * 0.9 / (y1 - y0))
    mirrored = side == "right"
    middle = width * (_SIDE / 2 if side == "left" else 1 - _SIDE / 2)
    shift = (x0 + x1) / 2 * own
    ground = max(horizon + 0.1 * height, -y0 * own + 3) + random.uniform(0, 0.12) * height
    placement = Placement(middle + (shift if mirrored else -shift), float(min(ground, height - 4)), own, 0.0, mirrored)
    return _Planned(key, look, placement, side=side)


def _choice(values: Sequence[str], random: np.random.Generator) -> str:
    return values[int(random.integers(len(values)))]
