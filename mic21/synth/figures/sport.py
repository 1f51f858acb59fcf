"""What athletes hold, wear and stand beside."""

import math

from mic21.synth.canvas import Pen
from mic21.synth.colors import shade
from mic21.synth.figures import Figure, Look

_BLACK = (35, 35, 40)
_WHITE = (250, 250, 248)
_METAL = (165, 168, 175)
_BRIGHT = ("red", "orange", "yellow", "green", "blue", "violet")


def _soccer_ball(pen: Pen, look: Look) -> None:
    pen.oval(0, 0, 0.07, 0.07, _BLACK)
    pen.oval(0, 0, 0.063, 0.063, _WHITE)
    pen.oval(0, 0, 0.022, 0.022, _BLACK)
    for step in range(5):
        angle = math.radians(72 * step - 90)
        pen.oval(0.05 * math.cos(angle), 0.05 * math.sin(angle), 0.014, 0.014, _BLACK)


def _goal(pen: Pen, look: Look) -> None:
    for step in range(9):
        x = -0.5 + step * 0.125
        pen.line([(x, -0.55), (x * 0.9, 0)], 0.008, _METAL)
    for step in range(1, 6):
        pen.line([(-0.5, -0.55 + step * 0.1), (0.5, -0.55 + step * 0.1)], 0.008, _METAL)
    pen.line([(-0.52, 0), (-0.52, -0.57), (0.52, -0.57), (0.52, 0)], 0.035, look.main)


def _tennis_racket(pen: Pen, look: Look) -> None:
    pen.line([(-0.03, 0), (0.1, 0)], 0.032, _BLACK)
    pen.line([(0.1, 0), (0.17, -0.04)], 0.016, look.main)
    pen.line([(0.1, 0), (0.17, 0.04)], 0.016, look.main)
    pen.oval(0.27, 0, 0.13, 0.1, look.main)
    pen.oval(0.27, 0, 0.11, 0.08, None)
    for step in range(-3, 4):
        pen.line([(0.27 + step * 0.028, -0.08), (0.27 + step * 0.028, 0.08)], 0.006, _WHITE)
        pen.line([(0.17, step * 0.022), (0.37, step * 0.022)], 0.006, _WHITE)


def _tennis_ball(pen: Pen, look: Look) -> None:
    pen.oval(0, 0, 0.042, 0.042, (208, 232, 60))
    pen.line([(-0.03, -0.025), (0, 0), (-0.01, 0.04)], 0.01, _WHITE)


def _tennis_net(pen: Pen, look: Look) -> None:
    for step in range(17):
        pen.line([(-0.6 + step * 0.075, -0.27), (-0.6 + step * 0.075, -0.02)], 0.007, _BLACK)
    for step in range(4):
        pen.line([(-0.6, -0.22 + step * 0.06), (0.6, -0.22 + step * 0.06)], 0.007, _BLACK)
    pen.line([(-0.6, -0.28), (0.6, -0.28)], 0.035, _WHITE)
    for x in (-0.6, 0.6):
        pen.line([(x, -0.3), (x, 0)], 0.035, _BLACK)


def _golf_club(pen: Pen, look: Look) -> None:
    pen.line([(0, -0.03), (0, 0.42)], 0.014, _METAL)
    pen.line([(0, -0.05), (0, 0.06)], 0.024, _BLACK)
    pen.polygon([(-0.012, 0.4), (0.075, 0.42), (0.08, 0.46), (-0.012, 0.46)], _METAL)


def _golf_ball(pen: Pen, look: Look) -> None:
    pen.oval(0, -0.025, 0.028, 0.028, _WHITE)


def _golf_flag(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0, -0.85)], 0.018, _WHITE)
    pen.polygon([(0, -0.86), (0.27, -0.77), (0, -0.67)], look.main)
    pen.oval(0, 0, 0.055, 0.013, _BLACK)


def _golf_bag(pen: Pen, look: Look) -> None:
    for x in (-0.06, 0, 0.06):
        pen.line([(x, -0.45), (x * 1.6, -0.62)], 0.018, _METAL)
        pen.oval(x * 1.6, -0.63, 0.028, 0.02, _BLACK)
    pen.polygon([(-0.1, -0.48), (0.1, -0.48), (0.085, 0), (-0.085, 0)], look.main)
    pen.box(-0.06, -0.22, 0.07, -0.06, shade(look.main, 0.7))
    pen.line([(-0.1, -0.46), (0.1, -0.46)], 0.03, _BLACK)


def _basketball(pen: Pen, look: Look) -> None:
    pen.oval(0, 0, 0.085, 0.085, (120, 55, 15))
    pen.oval(0, 0, 0.077, 0.077, (232, 118, 38))
    pen.line([(-0.077, 0), (0.077, 0)], 0.009, _BLACK)
    pen.line([(0, -0.077), (0, 0.077)], 0.009, _BLACK)
    for side in (-1, 1):
        pen.line([(side * 0.055, -0.055), (side * 0.03, 0), (side * 0.055, 0.055)], 0.009, _BLACK)


def _backboard(pen: Pen, look: Look) -> None:
    pen.line([(0.2, 0), (0.2, -0.95), (0.08, -1.02)], 0.045, _METAL)
    pen.polygon([(-0.2, -1.28), (0.16, -1.28), (0.16, -0.98), (-0.2, -0.98)], _WHITE)
    for points in (
        [(-0.2, -1.28), (0.16, -1.28), (0.16, -0.98), (-0.2, -0.98), (-0.2, -1.28)],
        [(-0.09, -1.17), (0.05, -1.17), (0.05, -1.05), (-0.09, -1.05), (-0.09, -1.17)],
    ):
        pen.line(points, 0.02, look.main)


def _basketball_hoop(pen: Pen, look: Look) -> None:
    for step in range(5):
        x = -0.09 + step * 0.045
        pen.line([(x, 0), (x * 0.6, 0.15)], 0.01, _WHITE)
    pen.line([(-0.075, 0.07), (0.075, 0.07)], 0.008, _WHITE)
    pen.line([(-0.1, 0), (0.1, 0)], 0.028, (235, 90, 30))


def _skis(pen: Pen, look: Look) -> None:
    for dy in (0.0, 0.03):
        pen.line([(-0.42 + dy, dy), (0.38 + dy, dy), (0.45 + dy, dy - 0.055)], 0.026, look.main)


def _ski_pole(pen: Pen, look: Look) -> None:
    pen.line([(0, -0.03), (-0.1, 0.5)], 0.016, _METAL)
    pen.line([(0, -0.04), (-0.005, 0.03)], 0.03, _BLACK)
    pen.line([(-0.135, 0.44), (-0.045, 0.46)], 0.016, _BLACK)


def _barbell(pen: Pen, look: Look) -> None:
    pen.line([(-0.46, 0), (0.46, 0)], 0.024, _METAL)
    for side in (-1, 1):
        for x, half in ((0.33, 0.15), (0.38, 0.15), (0.425, 0.1)):
            pen.line([(side * x, -half), (side * x, half)], 0.036, look.main if half > 0.1 else _BLACK)


def _dumbbell(pen: Pen, look: Look) -> None:
    pen.line([(-0.1, -0.06), (0.1, -0.06)], 0.026, _METAL)
    for side in (-1, 1):
        pen.line([(side * 0.1, -0.09), (side * 0.1, -0.03)], 0.065, look.main)


def _hockey_stick(pen: Pen, look: Look) -> None:
    pen.line([(-0.06, -0.12), (0.16, 0.44), (0.3, 0.45)], 0.028, look.main)
    pen.line([(0.17, 0.445), (0.3, 0.45)], 0.042, _BLACK)


def _puck(pen: Pen, look: Look) -> None:
    pen.box(-0.045, -0.026, 0.045, 0, _BLACK)
    pen.oval(0, -0.026, 0.045, 0.016, (75, 75, 80))


def _skateboard(pen: Pen, look: Look) -> None:
    for x in (-0.15, 0.15):
        pen.oval(x, -0.03, 0.032, 0.032, _WHITE)
        pen.oval(x, -0.03, 0.013, 0.013, _BLACK)
    pen.line([(-0.29, -0.11), (-0.21, -0.068), (0.21, -0.068), (0.29, -0.11)], 0.028, look.main)


def _boxing_glove(pen: Pen, look: Look) -> None:
    pen.oval(0.03, 0, 0.075, 0.066, look.main)
    pen.oval(0.02, -0.035, 0.04, 0.025, shade(look.main, 0.75))
    pen.box(-0.065, -0.05, -0.025, 0.05, _WHITE)


def _punching_bag(pen: Pen, look: Look) -> None:
    pen.line([(0, -1.25), (0, -1.0)], 0.014, _METAL)
    for side in (-1, 1):
        pen.line([(0, -1.05), (side * 0.11, -0.93)], 0.012, _METAL)
    pen.box(-0.13, -0.92, 0.13, -0.34, look.main)
    pen.oval(0, -0.92, 0.13, 0.035, shade(look.main, 0.75))
    pen.oval(0, -0.34, 0.13, 0.04, look.main)
    pen.box(-0.13, -0.7, 0.13, -0.62, _WHITE)


def _fishing_rod(pen: Pen, look: Look) -> None:
    pen.line([(-0.06, 0.06), (0.5, -0.5)], 0.015, (120, 75, 35))
    pen.line([(-0.06, 0.06), (0.05, -0.05)], 0.03, _BLACK)
    pen.oval(0.06, -0.03, 0.03, 0.03, _METAL)
    pen.line([(0.5, -0.5), (0.53, 0.32)], 0.006, _WHITE)


def _bucket(pen: Pen, look: Look) -> None:
    pen.line([(-0.12, -0.24), (-0.07, -0.34), (0.07, -0.34), (0.12, -0.24)], 0.014, _METAL)
    pen.polygon([(-0.13, -0.25), (0.13, -0.25), (0.1, 0), (-0.1, 0)], look.main)
    pen.oval(0, -0.25, 0.13, 0.035, shade(look.main, 0.6))


def _fish(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.1, -0.06), (-0.2, -0.13), (-0.2, 0.01)], shade(look.main, 0.75))
    pen.polygon([(-0.04, -0.1), (0.05, -0.15), (0.07, -0.1)], shade(look.main, 0.75))
    pen.oval(0, -0.06, 0.14, 0.062, look.main)
    pen.oval(0.085, -0.075, 0.014, 0.014, _BLACK)
    pen.line([(0.05, -0.1), (0.04, -0.03)], 0.01, shade(look.main, 0.6))


FIGURES: dict[str, Figure] = {
    "soccer_ball": Figure(_soccer_ball, (-0.08, -0.08, 0.08, 0.08), ("white",)),
    "goal": Figure(_goal, (-0.56, -0.6, 0.56, 0.03), ("white", "red", "blue")),
    "tennis_racket": Figure(_tennis_racket, (-0.05, -0.11, 0.41, 0.11), _BRIGHT),
    "tennis_ball": Figure(_tennis_ball, (-0.05, -0.05, 0.05, 0.05), ("yellow",)),
    "tennis_net": Figure(_tennis_net, (-0.63, -0.32, 0.63, 0.02), ("white",)),
    "golf_club": Figure(_golf_club, (-0.04, -0.08, 0.1, 0.48), ("grey",)),
    "golf_ball": Figure(_golf_ball, (-0.03, -0.06, 0.03, 0.01), ("white",)),
    "golf_flag": Figure(_golf_flag, (-0.06, -0.88, 0.29, 0.03), ("red", "yellow", "blue", "orange")),
    "golf_bag": Figure(_golf_bag, (-0.14, -0.67, 0.14, 0.02), _BRIGHT),
    "basketball": Figure(_basketball, (-0.09, -0.09, 0.09, 0.09), ("orange",)),
    "backboard": Figure(_backboard, (-0.23, -1.3, 0.24, 0.03), ("red", "blue", "black")),
    "basketball_hoop": Figure(_basketball_hoop, (-0.12, -0.03, 0.12, 0.17), ("orange",)),
    "skis": Figure(_skis, (-0.45, -0.1, 0.52, 0.06), _BRIGHT),
    "ski_pole": Figure(_ski_pole, (-0.15, -0.07, 0.03, 0.53), ("grey",)),
    "barbell": Figure(_barbell, (-0.48, -0.17, 0.48, 0.17), ("black", "red", "blue", "yellow", "green")),
    "dumbbell": Figure(_dumbbell, (-0.15, -0.14, 0.15, 0.01), ("black", "red", "blue", "green")),
    "hockey_stick": Figure(_hockey_stick, (-0.09, -0.15, 0.34, 0.49), ("yellow", "red", "brown", "blue")),
    "puck": Figure(_puck, (-0.05, -0.05, 0.05, 0.01), ("black",)),
    "skateboard": Figure(_skateboard, (-0.31, -0.13, 0.31, 0.02), _BRIGHT),
    "boxing_glove": Figure(_boxing_glove, (-0.08, -0.08, 0.12, 0.08), ("red", "blue", "black", "yellow")),
    "punching_bag": Figure(_punching_bag, (-0.15, -1.27, 0.15, -0.28), ("red", "black", "brown", "blue")),
    "fishing_rod": Figure(_fishing_rod, (-0.08, -0.53, 0.55, 0.34), ("brown",)),
    "bucket": Figure(_bucket, (-0.15, -0.36, 0.15, 0.01), ("red", "blue", "green", "grey", "yellow")),
    "fish": Figure(_fish, (-0.21, -0.16, 0.15, 0.02), ("blue", "grey", "orange", "red")),
}
