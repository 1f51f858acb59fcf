"""People: one body in many poses, clothes and hats.

A person is one unit high; the origin is the ground between the feet.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mic21.synth.canvas import Pen, Point
from mic21.synth.colors import shade
from mic21.synth.figures import Figure, Look

_BLACK = (35, 35, 40)
_WHITE = (248, 248, 246)
_YELLOW = (250, 215, 50)
_RED = (215, 40, 40)
_NAVY = (32, 44, 88)
_BOX = (-0.62, -1.2, 0.62, 0.06)
_CLOTHES = ("red", "orange", "yellow", "green", "blue", "violet", "white", "black")


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the joints are.

    Attributes:
        hip: middle of the hips.
        neck: middle of the shoulders.
        hands: left and right as seen.
        feet: left and right as seen.
        elbows: +1 or −1 each, the side that an elbow points to.
        knees: the same of the knees.
    """

    hip: Point = (0, -0.48)
    neck: Point = (0, -0.8)
    hands: tuple[Point, Point] = ((-0.2, -0.45), (0.2, -0.45))
    feet: tuple[Point, Point] = ((-0.09, 0), (0.09, 0))
    elbows: tuple[int, int] = (1, -1)
    knees: tuple[int, int] = (1, -1)


STANDING = Pose()
POSES: dict[str, Pose] = {
    "standing": STANDING,
    "fiddling": Pose(hands=((0.03, -0.66), (0.34, -0.8)), elbows=(1, -1)),
    "blowing": Pose(hands=((0.16, -0.83), (0.24, -0.82)), elbows=(-1, -1)),
    "fingering": Pose(hands=((0.13, -0.74), (0.17, -0.56)), elbows=(-1, -1)),
    "strumming": Pose(hands=((-0.04, -0.54), (0.36, -0.68)), elbows=(1, -1)),
    "squeezing": Pose(hands=((-0.23, -0.58), (0.23, -0.58)), elbows=(1, -1)),
    "drumming": Pose(hands=((0.08, -0.62), (0.24, -0.58)), elbows=(1, -1)),
    "seated": Pose(
        hip=(0, -0.36),
        neck=(0.02, -0.68),
        hands=((0.2, -0.42), (0.26, -0.42)),
        feet=((0.22, 0), (0.3, 0)),
        knees=(-1, -1),
        elbows=(-1, -1),
    ),
    "bowing": Pose(
        hip=(0, -0.36),
        neck=(0, -0.68),
        hands=((-0.12, -0.34), (0.14, -0.66)),
        feet=((-0.2, 0), (0.24, 0)),
        knees=(1, -1),
        elbows=(1, -1),
    ),
    "holding": Pose(hands=((-0.2, -0.45), (0.28, -0.62)), elbows=(1, -1)),
    "raising": Pose(hands=((-0.2, -0.45), (0.27, -1.0)), elbows=(1, -1)),
    "lifting": Pose(hands=((-0.22, -1.12), (0.22, -1.12)), feet=((-0.16, 0), (0.16, 0)), elbows=(-1, 1)),
    "running": Pose(
        hip=(0, -0.47),
        neck=(0.07, -0.77),
        hands=((-0.2, -0.6), (0.28, -0.68)),
        feet=((-0.26, -0.1), (0.17, 0)),
        elbows=(1, -1),
        knees=(-1, -1),
    ),
    "swinging": Pose(hands=((0.15, -0.5), (0.19, -0.47)), neck=(0.04, -0.79), elbows=(1, -1)),
    "skiing": Pose(
        hip=(-0.04, -0.4),
        neck=(0.06, -0.68),
        hands=((-0.1, -0.5), (0.28, -0.5)),
        feet=((-0.05, -0.02), (0.09, -0.02)),
        knees=(-1, -1),
        elbows=(1, -1),
    ),
    "riding": Pose(
        hip=(-0.13, -0.6),
        neck=(0.08, -0.86),
        hands=((0.24, -0.6), (0.27, -0.6)),
        feet=((-0.03, -0.2), (0.06, -0.12)),
        knees=(-1, -1),
        elbows=(1, 1),
    ),
    "crouching": Pose(
        hip=(-0.06, -0.38),
        neck=(0.03, -0.67),
        hands=((-0.24, -0.56), (0.3, -0.58)),
        feet=((-0.16, 0), (0.14, 0)),
        knees=(-1, -1),
        elbows=(1, -1),
    ),
    "dancing": Pose(hands=((-0.13, -1.12), (0.13, -1.12)), feet=((0, 0), (0.36, -0.34)), elbows=(-1, 1), knees=(1, -1)),
    "boxing": Pose(
        hands=((0.16, -0.72), (0.33, -0.76)), feet=((-0.16, 0), (0.16, 0)), neck=(0.03, -0.79), elbows=(-1, -1)
    ),
    "peering": Pose(hands=((0.06, -0.86), (0.13, -0.86)), elbows=(-1, -1)),
}

_ARM = (0.2, 0.19)
_LEG = (0.245, 0.24)


def joint(start: Point, end: Point, lengths: tuple[float, float], side: int) -> Point:
    """The elbow or knee between two ends: the point at these distances from them, or the middle where they are apart.

    >>> joint((0, 0), (0, 2), (1.25, 1.25), 1)
    (-0.75, 1.0)
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    far = math.hypot(dx, dy)
    first, second = lengths
    if far >= first + second or far == 0:
        return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    along = (first**2 - second**2 + far**2) / (2 * far)
    across = side * math.sqrt(max(0.0, first**2 - along**2))
    return start[0] + (along * dx - across * dy) / far, start[1] + (along * dy + across * dx) / far


@dataclass(frozen=True, slots=True)
class Clothes:
    """What a person of a category wears, as far as it is no object of its own.

    Attributes:
        legs: `trousers`, `shorts`, `skirt` or `bare`.
        sleeves: whether they are long.
        matching: whether the trousers have the colour of the jacket.
        hat: draws what is on the head, with the head's middle.
        trim: draws what is on the body, with hip and neck.
    """

    legs: str = "trousers"
    sleeves: bool = True
    matching: bool = False
    hat: Callable[[Pen, Look, Point], None] | None = None
    trim: Callable[[Pen, Look, Point, Point], None] | None = None


def _person(pen: Pen, look: Look, *, pose: Pose, clothes: Clothes) -> None:
    hip, neck = pose.hip, pose.neck
    for foot, knee, side in zip(pose.feet, pose.knees, (-1, 1), strict=True):
        _leg(pen, look, (hip[0] + side * 0.045, hip[1]), foot, knee, clothes)
    _arm(pen, look, (neck[0] - 0.09, neck[1] + 0.03), pose.hands[0], pose.elbows[0], clothes)
    _torso(pen, look, hip, neck, clothes)
    if clothes.trim:
        clothes.trim(pen, look, hip, neck)
    lean = (neck[0] - hip[0]) * 0.25
    head = (neck[0] + lean, neck[1] - 0.12)
    pen.line([neck, head], 0.06, shade(look.skin, 0.9))
    _head(pen, look, head)
    if clothes.hat:
        clothes.hat(pen, look, head)
    _arm(pen, look, (neck[0] + 0.09, neck[1] + 0.03), pose.hands[1], pose.elbows[1], clothes)


def _leg(pen: Pen, look: Look, hip: Point, foot: Point, side: int, clothes: Clothes) -> None:
    knee = joint(hip, foot, _LEG, side)
    cloth = shade(look.main, 0.7) if clothes.matching else look.second
    pen.line([hip, knee, foot], 0.08, cloth if clothes.legs == "trousers" else look.skin)
    if clothes.legs == "shorts":
        pen.line([hip, knee], 0.1, look.second)
    pen.line([(foot[0] - 0.01, foot[1] - 0.015), (foot[0] + 0.055, foot[1] - 0.015)], 0.045, _BLACK)


def _arm(pen: Pen, look: Look, shoulder: Point, hand: Point, side: int, clothes: Clothes) -> None:
    elbow = joint(shoulder, hand, _ARM, side)
    pen.line([shoulder, elbow, hand], 0.06, shade(look.main, 0.85) if clothes.sleeves else look.skin)
    pen.line([shoulder, elbow] if clothes.sleeves else [shoulder, shoulder], 0.07, shade(look.main, 0.85))
    pen.oval(*hand, 0.035, 0.035, look.skin)


def _torso(pen: Pen, look: Look, hip: Point, neck: Point, clothes: Clothes) -> None:
    pen.polygon(
        [
            (neck[0] - 0.12, neck[1]),
            (neck[0] + 0.12, neck[1]),
            (hip[0] + 0.09, hip[1] + 0.04),
            (hip[0] - 0.09, hip[1] + 0.04),
        ],
        look.main,
    )
    pen.line([(neck[0] - 0.09, neck[1] + 0.02), (neck[0] + 0.09, neck[1] + 0.02)], 0.06, look.main)
    if clothes.legs == "skirt":
        pen.polygon(
            [(hip[0] - 0.08, hip[1]), (hip[0] + 0.08, hip[1]), (hip[0] + 0.17, -0.12), (hip[0] - 0.17, -0.12)],
            look.main,
        )


def _head(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x - 0.005, y - 0.015, 0.078, 0.09, look.hair)
    pen.oval(x + 0.008, y + 0.01, 0.066, 0.078, look.skin)
    pen.oval(x - 0.002, y - 0.058, 0.066, 0.035, look.hair)
    for eye in (-0.016, 0.036):
        pen.oval(x + eye, y, 0.0105, 0.0125, _BLACK)
    pen.line([(x - 0.008, y + 0.046), (x + 0.03, y + 0.046)], 0.011, (150, 50, 50))


def _peaked_cap(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.polygon([(x - 0.085, y - 0.05), (x + 0.085, y - 0.05), (x + 0.11, y - 0.125), (x - 0.11, y - 0.125)], _NAVY)
    pen.line([(x - 0.08, y - 0.05), (x + 0.1, y - 0.045)], 0.026, _BLACK)
    pen.oval(x + 0.01, y - 0.088, 0.02, 0.022, _YELLOW)


def _fire_helmet(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x, y - 0.045, 0.092, 0.085, _YELLOW, 180, 360)
    pen.line([(x - 0.125, y - 0.04), (x + 0.105, y - 0.04)], 0.026, shade(_YELLOW, 0.85))
    pen.oval(x + 0.02, y - 0.08, 0.026, 0.034, _RED)


def _helmet(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x - 0.005, y - 0.03, 0.09, 0.085, look.second, 170, 370)
    pen.line([(x - 0.06, y - 0.075), (x + 0.05, y - 0.08)], 0.014, _WHITE)


def _crash_helmet(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x, y - 0.01, 0.098, 0.105, look.main)
    pen.polygon([(x - 0.01, y - 0.03), (x + 0.092, y - 0.03), (x + 0.09, y + 0.035), (x - 0.01, y + 0.03)], _BLACK)


def _bobble_hat(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x, y - 0.04, 0.082, 0.08, look.second, 180, 360)
    pen.oval(x, y - 0.13, 0.03, 0.03, _WHITE)
    pen.line([(x - 0.08, y - 0.04), (x + 0.08, y - 0.04)], 0.03, _WHITE)
    pen.line([(x - 0.05, y), (x + 0.07, y)], 0.035, _BLACK)


def _straw_hat(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x, y - 0.06, 0.07, 0.075, (225, 195, 120), 180, 360)
    pen.line([(x - 0.14, y - 0.055), (x + 0.14, y - 0.055)], 0.026, (205, 172, 95))


def _cap(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.oval(x, y - 0.035, 0.082, 0.07, look.second, 180, 360)
    pen.line([(x, y - 0.04), (x + 0.13, y - 0.035)], 0.025, shade(look.second, 0.8))


def _top_hat(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    pen.box(x - 0.06, y - 0.2, x + 0.06, y - 0.06, _BLACK)
    pen.line([(x - 0.1, y - 0.062), (x + 0.1, y - 0.062)], 0.024, _BLACK)
    pen.box(x - 0.06, y - 0.095, x + 0.06, y - 0.07, look.main)


def _clown_head(pen: Pen, look: Look, head: Point) -> None:
    x, y = head
    for side in (-1, 1):
        for dy in (-0.05, 0, 0.045):
            pen.oval(x + side * 0.085, y + dy, 0.042, 0.042, (240, 120, 30))
    pen.oval(x, y + 0.01, 0.07, 0.08, _WHITE)
    pen.polygon([(x - 0.06, y - 0.06), (x + 0.06, y - 0.06), (x + 0.01, y - 0.22)], look.second)
    pen.oval(x + 0.01, y - 0.22, 0.025, 0.025, _YELLOW)
    for eye in (-0.025, 0.035):
        pen.oval(x + eye, y - 0.01, 0.013, 0.018, _BLACK)
    pen.oval(x + 0.005, y + 0.022, 0.027, 0.027, _RED)
    pen.oval(x + 0.005, y + 0.05, 0.042, 0.022, _RED, 0, 180)


def _bun(pen: Pen, look: Look, head: Point) -> None:
    pen.oval(head[0], head[1] - 0.105, 0.035, 0.032, look.hair)


def _uniform(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    pen.line([(hip[0] - 0.095, hip[1]), (hip[0] + 0.095, hip[1])], 0.03, _BLACK)
    pen.oval(hip[0], hip[1], 0.018, 0.018, _YELLOW)
    pen.oval(neck[0] + 0.05, neck[1] + 0.08, 0.022, 0.025, _YELLOW)
    pen.line([(neck[0], neck[1] + 0.04), (neck[0], hip[1] - 0.04)], 0.01, _YELLOW)


def _reflecting(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    for part in (0.35, 0.75):
        y = neck[1] + (hip[1] - neck[1]) * part
        x = neck[0] + (hip[0] - neck[0]) * part
        pen.line([(x - 0.09, y), (x + 0.09, y)], 0.03, _YELLOW)


def _buttons(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    for part, color in ((0.25, _YELLOW), (0.55, _RED), (0.85, (40, 110, 220))):
        pen.oval(neck[0], neck[1] + (hip[1] - neck[1]) * part, 0.026, 0.026, color)
    for side in (-1, 0, 1):
        pen.oval(neck[0] + side * 0.06, neck[1], 0.045, 0.03, _WHITE)


def _tutu(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    pen.oval(hip[0], hip[1] + 0.005, 0.27, 0.06, look.main)
    pen.oval(hip[0], hip[1] - 0.012, 0.24, 0.035, shade(look.main, 1.25))


def _number(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    x, y = (hip[0] + neck[0]) / 2, (hip[1] + neck[1]) / 2 - 0.02
    pen.line([(x - 0.02, y - 0.06), (x, y - 0.08), (x, y + 0.05)], 0.024, _WHITE if look.name != "white" else _BLACK)


def _bow_tie(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    x, y = neck[0], neck[1] + 0.02
    pen.polygon([(x - 0.035, y), (x + 0.035, y), (x, y + 0.17)], _WHITE)
    for side in (-1, 1):
        pen.polygon([(x, y + 0.01), (x + side * 0.05, y - 0.02), (x + side * 0.05, y + 0.04)], _RED)


def _suspenders(pen: Pen, look: Look, hip: Point, neck: Point) -> None:
    for side in (-1, 1):
        pen.line([(neck[0] + side * 0.065, neck[1]), (hip[0] + side * 0.06, hip[1])], 0.022, look.second)
    pen.box(hip[0] - 0.09, hip[1] - 0.08, hip[0] + 0.09, hip[1] + 0.04, look.second)


def _figure(pose: str, clothes: Clothes, colors: tuple[str, ...] = _CLOTHES) -> Figure:
    return Figure(partial(_person, pose=POSES[pose], clothes=clothes), _BOX, colors)


FIGURES: dict[str, Figure] = {
    "violinist": _figure("fiddling", Clothes("skirt"), ("red", "green", "blue", "violet", "black")),
    "cellist": _figure("bowing", Clothes(matching=True, trim=_bow_tie), ("black", "red", "blue", "violet")),
    "guitarist": _figure("strumming", Clothes(sleeves=False), _CLOTHES),
    "trumpeter": _figure("blowing", Clothes(matching=True, trim=_uniform), ("red", "blue", "green", "white")),
    "saxophonist": _figure(
        "fingering", Clothes(matching=True, hat=_top_hat, trim=_bow_tie), ("black", "blue", "violet", "red")
    ),
    "accordionist": _figure("squeezing", Clothes(hat=_straw_hat, trim=_suspenders), ("white", "red", "green", "blue")),
    "percussionist": _figure("drumming", Clothes(sleeves=False, hat=_cap), _CLOTHES),
    "pianist": _figure("seated", Clothes(matching=True, trim=_bow_tie), ("black", "blue", "red", "violet")),
    "chess_player": _figure("seated", Clothes(), _CLOTHES),
    "policeman": _figure("holding", Clothes(matching=True, hat=_peaked_cap, trim=_uniform), ("blue",)),
    "fireman": _figure("holding", Clothes(matching=True, hat=_fire_helmet, trim=_reflecting), ("black",)),
    "clown": _figure("raising", Clothes(hat=_clown_head, trim=_buttons), ("red", "yellow", "green", "blue", "violet")),
    "ballet_dancer": _figure(
        "dancing", Clothes("bare", sleeves=False, hat=_bun, trim=_tutu), ("white", "red", "blue", "violet", "black")
    ),
    "soccer_player": _figure("running", Clothes("shorts", sleeves=False, trim=_number)),
    "tennis_player": _figure("raising", Clothes("shorts", sleeves=False, hat=_cap)),
    "golfer": _figure("swinging", Clothes(sleeves=False, hat=_cap)),
    "basketball_player": _figure("raising", Clothes("shorts", sleeves=False, trim=_number)),
    "hockey_player": _figure("swinging", Clothes(hat=_helmet, trim=_number)),
    "skier": _figure("skiing", Clothes(hat=_bobble_hat)),
    "skateboarder": _figure("crouching", Clothes("shorts", sleeves=False, hat=_helmet)),
    "cyclist": _figure("riding", Clothes("shorts", sleeves=False, hat=_helmet)),
    "motorcyclist": _figure("riding", Clothes(hat=_crash_helmet), ("red", "blue", "green", "black")),
    "fisherman": _figure("holding", Clothes(hat=_straw_hat, trim=_suspenders)),
    "weightlifter": _figure("lifting", Clothes("shorts", sleeves=False), ("red", "blue", "green", "black")),
    "boxer": _figure("boxing", Clothes("shorts", sleeves=False), ("red", "blue", "green", "black")),
    "photographer": _figure("peering", Clothes(trim=_suspenders)),
}
