"""What stands in the street, on stages and in meadows; a person is one unit high."""

import math

from mic21.synth.canvas import Pen
from mic21.synth.colors import shade
from mic21.synth.figures import Figure, Look

_BLACK = (35, 35, 40)
_WHITE = (250, 250, 248)
_METAL = (165, 168, 175)
_RED = (215, 40, 40)
_YELLOW = (250, 215, 50)
_GREEN = (50, 180, 80)
_WOOD = (125, 80, 45)
_BRIGHT = ("red", "orange", "yellow", "green", "blue", "violet")


def _chessboard(pen: Pen, look: Look) -> None:
    corners = ((-0.24, 0), (0.24, 0), (0.17, -0.13), (-0.17, -0.13))
    pen.polygon([(x * 1.1, y * 1.1 + 0.005) for x, y in corners], _WOOD)
    for row in range(8):
        for column in range(8):
            points = []
            for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1)):
                depth = (row + dy) / 8
                half = 0.24 - 0.07 * depth
                points.append((-half + 2 * half * (column + dx) / 8, -0.13 * depth))
            pen.polygon(points, _WHITE if (row + column) % 2 else _BLACK)


def _chess_piece(pen: Pen, look: Look) -> None:
    pen.oval(0, -0.005, 0.035, 0.014, shade(look.main, 0.8))
    pen.polygon([(-0.03, -0.01), (0.03, -0.01), (0.012, -0.07), (-0.012, -0.07)], look.main)
    pen.oval(0, -0.085, 0.022, 0.024, look.main)
    pen.line([(0, -0.1), (0, -0.135)], 0.012, look.main)
    pen.line([(-0.012, -0.122), (0.012, -0.122)], 0.01, look.main)


def _chess_clock(pen: Pen, look: Look) -> None:
    pen.box(-0.11, -0.12, 0.11, 0, look.main)
    for x in (-0.055, 0.055):
        pen.oval(x, -0.06, 0.043, 0.043, _WHITE)
        pen.line([(x, -0.06), (x, -0.09)], 0.008, _BLACK)
        pen.line([(x, -0.06), (x + 0.018, -0.05)], 0.008, _BLACK)
        pen.line([(x, -0.13), (x, -0.12)], 0.024, _BLACK)


def _table(pen: Pen, look: Look) -> None:
    for x in (-0.3, 0.3):
        pen.line([(x, 0), (x, -0.36)], 0.04, shade(look.main, 0.75))
    pen.polygon([(-0.38, -0.36), (0.38, -0.36), (0.38, -0.41), (-0.38, -0.41)], look.main)


def _balloon(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0.015, -0.14), (0, -0.26)], 0.007, _BLACK)
    pen.oval(0, -0.38, 0.1, 0.125, look.main)
    pen.polygon([(-0.022, -0.24), (0.022, -0.24), (0, -0.27)], look.main)
    pen.oval(-0.035, -0.42, 0.022, 0.032, shade(look.main, 1.5))


def _umbrella(pen: Pen, look: Look) -> None:
    pen.line([(0, 0.04), (0, -0.5)], 0.016, _WOOD)
    for step, start in enumerate((180, 225, 270, 315)):
        pen.oval(0, -0.36, 0.3, 0.22, look.main if step % 2 else shade(look.main, 0.75), start, start + 45)
        angles = [math.radians(start), math.radians(start + 45)]
        points = [(0.3 * math.cos(angle), -0.36 + 0.22 * math.sin(angle)) for angle in angles]
        pen.polygon([(0, -0.36), *points], look.main if step % 2 else shade(look.main, 0.75))
    pen.line([(0, -0.58), (0, -0.62)], 0.014, _BLACK)


def _mirror(pen: Pen, look: Look) -> None:
    pen.box(-0.22, -0.95, 0.22, 0, look.main)
    pen.box(-0.17, -0.9, 0.17, -0.06, (200, 226, 238))
    pen.polygon([(-0.1, -0.3), (-0.04, -0.3), (0.12, -0.7), (0.06, -0.7)], _WHITE)


def _camera(pen: Pen, look: Look) -> None:
    pen.box(-0.05, -0.06, 0.07, 0.05, _BLACK)
    pen.box(-0.01, -0.09, 0.04, -0.05, _BLACK)
    pen.box(0.06, -0.04, 0.13, 0.04, (70, 70, 76))
    pen.line([(0.13, -0.04), (0.13, 0.04)], 0.018, (120, 170, 210))


def _camera_tripod(pen: Pen, look: Look) -> None:
    for x in (-0.16, 0.02, 0.17):
        pen.line([(0, -0.62), (x, 0)], 0.024, _BLACK)
    pen.line([(0, -0.6), (0, -0.7)], 0.03, _METAL)
    pen.line([(-0.05, -0.71), (0.05, -0.71)], 0.028, _BLACK)


def _ladder(pen: Pen, look: Look) -> None:
    for x in (-0.1, 0.1):
        pen.line([(x, 0), (x + 0.12, -1.0)], 0.03, look.main)
    for step in range(1, 8):
        y = -step * 0.125
        pen.line([(-0.1 - y * 0.12, y), (0.1 - y * 0.12, y)], 0.024, shade(look.main, 0.8))


def _fire_hose(pen: Pen, look: Look) -> None:
    pen.line([(0.02, 0), (-0.03, 0.25), (-0.18, 0.5), (-0.4, 0.6)], 0.035, look.main)
    pen.line([(0.0, 0.01), (0.12, -0.05)], 0.035, _METAL)
    pen.line([(0.1, -0.04), (0.15, -0.065)], 0.05, _METAL)


def _fire_extinguisher(pen: Pen, look: Look) -> None:
    pen.line([(0, -0.33), (0.1, -0.3), (0.12, -0.14)], 0.02, _BLACK)
    pen.box(-0.08, -0.28, 0.08, 0, _RED)
    pen.oval(0, -0.28, 0.08, 0.045, _RED)
    pen.line([(-0.05, -0.36), (0.05, -0.33)], 0.028, _BLACK)
    pen.box(-0.05, -0.2, 0.05, -0.1, _WHITE)


def _ax(pen: Pen, look: Look) -> None:
    pen.line([(0, 0.14), (0, -0.3)], 0.028, _WOOD)
    pen.polygon([(-0.02, -0.22), (0.11, -0.17), (0.11, -0.35), (-0.02, -0.29)], look.main)


def _shield(pen: Pen, look: Look) -> None:
    pen.box(-0.13, -0.22, 0.13, 0.2, _BLACK)
    pen.box(-0.11, -0.2, 0.11, 0.18, (175, 205, 225))
    pen.box(-0.11, -0.05, 0.11, 0.04, _BLACK)


def _truncheon(pen: Pen, look: Look) -> None:
    pen.line([(0, 0.06), (0, -0.3)], 0.04, _BLACK)
    pen.line([(0, -0.01), (0.07, -0.01)], 0.03, _BLACK)


def _traffic_cone(pen: Pen, look: Look) -> None:
    pen.box(-0.17, -0.04, 0.17, 0, _BLACK)
    pen.polygon([(-0.12, -0.04), (0.12, -0.04), (0.025, -0.4), (-0.025, -0.4)], (240, 105, 30))
    pen.polygon([(-0.085, -0.17), (0.085, -0.17), (0.06, -0.27), (-0.06, -0.27)], _WHITE)


def _street_sign(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0, -0.9)], 0.035, _METAL)
    pen.polygon([(-0.27, -1.04), (0.22, -1.04), (0.32, -0.93), (0.22, -0.82), (-0.27, -0.82)], look.main)
    pen.line([(-0.2, -0.96), (0.18, -0.96)], 0.03, _WHITE)
    pen.line([(-0.2, -0.89), (0.08, -0.89)], 0.03, _WHITE)


def _stop_sign(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0, -0.85)], 0.035, _METAL)
    for radius, color in ((0.21, _WHITE), (0.19, _RED)):
        angles = [math.radians(22.5 + 45 * step) for step in range(8)]
        pen.polygon([(radius * math.cos(a), -0.85 + radius * math.sin(a)) for a in angles], color)
    pen.line([(-0.11, -0.85), (0.11, -0.85)], 0.065, _WHITE)


def _traffic_light(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0, -0.6)], 0.035, _METAL)
    pen.box(-0.1, -1.08, 0.1, -0.55, _BLACK)
    for step, color in enumerate((_RED, _YELLOW, _GREEN)):
        pen.oval(0, -0.99 + step * 0.17, 0.062, 0.062, color)


def _lamppost(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0, -1.15), (0.07, -1.24), (0.2, -1.24)], 0.035, (70, 75, 80))
    pen.polygon([(0.13, -1.24), (0.33, -1.24), (0.29, -1.17), (0.17, -1.17)], (70, 75, 80))
    pen.oval(0.23, -1.17, 0.055, 0.05, (255, 240, 160), 0, 180)


def _tree(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.06, 0), (0.06, 0), (0.035, -0.6), (-0.035, -0.6)], (110, 72, 40))
    for x, y, radius in ((-0.16, -0.65, 0.19), (0.16, -0.65, 0.19), (0, -0.85, 0.22), (0, -0.62, 0.2)):
        pen.oval(x, y, radius, radius, look.main)


def _fire_hydrant(pen: Pen, look: Look) -> None:
    pen.box(-0.1, -0.04, 0.1, 0, shade(look.main, 0.7))
    pen.box(-0.07, -0.3, 0.07, -0.04, look.main)
    pen.oval(0, -0.3, 0.085, 0.075, look.main, 180, 360)
    pen.line([(-0.11, -0.2), (0.11, -0.2)], 0.07, shade(look.main, 0.8))
    pen.oval(0, -0.18, 0.035, 0.035, _METAL)


def _bus_stop(pen: Pen, look: Look) -> None:
    for x in (-0.3, 0.3):
        pen.line([(x, 0), (x, -0.82)], 0.032, _METAL)
    pen.box(-0.28, -0.76, 0.28, -0.2, (205, 228, 238))
    pen.polygon([(-0.4, -0.82), (0.4, -0.82), (0.4, -0.9), (-0.4, -0.9)], look.main)
    pen.line([(-0.24, -0.26), (0.24, -0.26)], 0.05, _WOOD)


def _hay_bale(pen: Pen, look: Look) -> None:
    pen.oval(0, -0.24, 0.25, 0.24, (214, 178, 84))
    for radius in (0.19, 0.13, 0.07):
        pen.ring(0, -0.24, radius, 0.012, (172, 134, 52))


def _lighthouse(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.16, 0), (0.16, 0), (0.1, -0.95), (-0.1, -0.95)], _WHITE)
    for y in (-0.1, -0.42, -0.74):
        half = 0.16 + y * 0.063
        pen.polygon([(-half, y), (half, y), (half - 0.01, y - 0.16), (-half + 0.01, y - 0.16)], look.main)
    pen.box(-0.13, -0.99, 0.13, -0.95, _BLACK)
    pen.box(-0.075, -1.1, 0.075, -0.99, (255, 236, 140))
    pen.polygon([(-0.11, -1.1), (0.11, -1.1), (0, -1.22)], look.main)


def _launching_pad(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.5, -0.06), (0.5, -0.06), (0.58, 0.08), (-0.58, 0.08)], (120, 122, 128))
    for x in (-0.4, -0.2, 0, 0.2, 0.4):
        pen.polygon([(x - 0.05, -0.06), (x + 0.02, -0.06), (x - 0.01, 0), (x - 0.08, 0)], _YELLOW)


def _gantry(pen: Pen, look: Look) -> None:
    for x in (-0.1, 0.1):
        pen.line([(x, 0), (x, -1.2)], 0.03, look.main)
    for step in range(6):
        y = -step * 0.2
        pen.line([(-0.1, y), (0.1, y - 0.2)], 0.018, look.main)
        pen.line([(-0.1, y - 0.2), (0.1, y - 0.2)], 0.018, look.main)


def _teddy_bear(pen: Pen, look: Look) -> None:
    for x in (-0.1, 0.1):
        pen.oval(x, -0.05, 0.065, 0.055, shade(look.main, 0.85))
        pen.oval(x * 1.25, -0.2, 0.05, 0.065, shade(look.main, 0.85))
        pen.oval(x * 0.9, -0.43, 0.045, 0.045, look.main)
    pen.oval(0, -0.15, 0.11, 0.125, look.main)
    pen.oval(0, -0.34, 0.105, 0.1, look.main)
    pen.oval(0, -0.31, 0.05, 0.04, shade(look.main, 1.5))
    for x in (-0.04, 0.04):
        pen.oval(x, -0.36, 0.013, 0.013, _BLACK)
    pen.oval(0, -0.325, 0.016, 0.013, _BLACK)


FIGURES: dict[str, Figure] = {
    "chessboard": Figure(_chessboard, (-0.28, -0.16, 0.28, 0.02), ("black",)),
    "chess_piece": Figure(_chess_piece, (-0.05, -0.15, 0.05, 0.02), ("white", "black")),
    "chess_clock": Figure(_chess_clock, (-0.13, -0.16, 0.13, 0.01), ("red", "green", "brown", "yellow")),
    "table": Figure(_table, (-0.4, -0.43, 0.4, 0.03), ("brown", "white", "blue", "green")),
    "balloon": Figure(_balloon, (-0.12, -0.52, 0.12, 0.02), _BRIGHT),
    "umbrella": Figure(_umbrella, (-0.32, -0.64, 0.32, 0.07), _BRIGHT),
    "mirror": Figure(_mirror, (-0.24, -0.97, 0.24, 0.02), ("brown", "white", "yellow", "black")),
    "camera": Figure(_camera, (-0.06, -0.1, 0.15, 0.06), ("black",)),
    "camera_tripod": Figure(_camera_tripod, (-0.19, -0.74, 0.2, 0.02), ("black",)),
    "ladder": Figure(_ladder, (-0.13, -1.02, 0.25, 0.03), ("yellow", "red", "grey", "brown")),
    "fire_hose": Figure(_fire_hose, (-0.43, -0.1, 0.19, 0.63), ("white", "red", "yellow", "green")),
    "fire_extinguisher": Figure(_fire_extinguisher, (-0.1, -0.4, 0.15, 0.02), ("red",)),
    "ax": Figure(_ax, (-0.05, -0.37, 0.13, 0.17), ("red", "grey")),
    "shield": Figure(_shield, (-0.14, -0.23, 0.14, 0.21), ("grey",)),
    "truncheon": Figure(_truncheon, (-0.04, -0.33, 0.1, 0.09), ("black",)),
    "traffic_cone": Figure(_traffic_cone, (-0.18, -0.42, 0.18, 0.01), ("orange",)),
    "street_sign": Figure(_street_sign, (-0.3, -1.07, 0.34, 0.02), ("blue", "green", "red", "black")),
    "stop_sign": Figure(_stop_sign, (-0.22, -1.07, 0.22, 0.02), ("red",)),
    "traffic_light": Figure(_traffic_light, (-0.12, -1.1, 0.12, 0.02), ("black",)),
    "lamppost": Figure(_lamppost, (-0.04, -1.28, 0.35, 0.02), ("grey",)),
    "tree": Figure(_tree, (-0.37, -1.09, 0.37, 0.02), ("green", "orange")),
    "fire_hydrant": Figure(_fire_hydrant, (-0.16, -0.4, 0.16, 0.01), ("red", "yellow", "blue")),
    "bus_stop": Figure(_bus_stop, (-0.42, -0.92, 0.42, 0.02), ("red", "green", "blue", "yellow")),
    "hay_bale": Figure(_hay_bale, (-0.26, -0.5, 0.26, 0.01), ("yellow",)),
    "lighthouse": Figure(_lighthouse, (-0.18, -1.24, 0.18, 0.02), ("red", "blue", "green", "black")),
    "launching_pad": Figure(_launching_pad, (-0.6, -0.08, 0.6, 0.1), ("grey",)),
    "gantry": Figure(_gantry, (-0.13, -1.25, 0.13, 0.02), ("red", "orange", "grey")),
    "teddy_bear": Figure(_teddy_bear, (-0.19, -0.5, 0.19, 0.02), ("brown", "white", "orange")),
}
