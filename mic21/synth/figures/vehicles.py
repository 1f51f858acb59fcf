"""Vehicles of all kinds, looking to the right; a car is about one unit long."""

from mic21.synth.canvas import Color, Pen
from mic21.synth.colors import shade
from mic21.synth.figures import Figure, Look

_BLACK = (35, 35, 40)
_WHITE = (250, 250, 248)
_METAL = (165, 168, 175)
_GLASS = (190, 224, 240)
_YELLOW = (250, 215, 50)
_RED = (215, 40, 40)
_SIGNAL = (40, 110, 250)
_BRIGHT = ("red", "orange", "yellow", "green", "blue", "violet", "white", "black")


def _wheel(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.oval(x, y, radius, radius, _BLACK)
    pen.oval(x, y, radius * 0.55, radius * 0.55, _METAL)
    pen.oval(x, y, radius * 0.2, radius * 0.2, _BLACK)


def _bicycle(pen: Pen, look: Look) -> None:
    back, front, crank, seat, head = (-0.3, -0.2), (0.3, -0.2), (-0.03, -0.18), (-0.12, -0.48), (0.22, -0.5)
    for x, y in (back, front):
        pen.ring(x, y, 0.18, 0.03, _BLACK)
        for dx, dy in ((0.17, 0), (0.085, 0.147), (0.085, -0.147)):
            pen.line([(x - dx, y - dy), (x + dx, y + dy)], 0.006, _METAL)
    pen.line([back, seat, head, crank, back], 0.03, look.main)
    pen.line([crank, (-0.14, -0.53)], 0.03, look.main)
    pen.line([front, (0.2, -0.56)], 0.03, look.main)
    pen.line([(0.2, -0.57), (0.3, -0.6)], 0.026, _BLACK)
    pen.line([(-0.22, -0.54), (-0.08, -0.53)], 0.045, _BLACK)
    pen.oval(*crank, 0.045, 0.045, _METAL)
    pen.line([crank, (0.03, -0.09)], 0.018, _BLACK)


def _motorcycle(pen: Pen, look: Look) -> None:
    for x in (-0.34, 0.36):
        pen.oval(x, -0.17, 0.17, 0.17, _BLACK)
        pen.oval(x, -0.17, 0.1, 0.1, _METAL)
    pen.line([(0.36, -0.17), (0.2, -0.56)], 0.04, _METAL)
    pen.polygon([(-0.16, -0.15), (0.14, -0.13), (0.18, -0.34), (-0.12, -0.36)], (90, 92, 98))
    pen.line([(-0.1, -0.12), (-0.48, -0.15)], 0.045, _METAL)
    pen.polygon([(-0.12, -0.34), (0.18, -0.33), (0.24, -0.5), (0.0, -0.52)], look.main)
    pen.polygon([(-0.5, -0.46), (-0.36, -0.4), (0.0, -0.38), (-0.02, -0.47), (-0.25, -0.46)], _BLACK)
    pen.polygon([(-0.5, -0.4), (-0.34, -0.4), (-0.24, -0.28), (-0.44, -0.33)], look.main)
    pen.line([(0.2, -0.57), (0.1, -0.62)], 0.03, _BLACK)
    pen.oval(0.29, -0.5, 0.055, 0.06, _YELLOW)
    pen.line([(0.24, -0.37), (0.5, -0.32)], 0.03, look.main)


def _car(pen: Pen, look: Look, color: Color) -> None:
    pen.polygon(
        [
            (-0.5, -0.12),
            (-0.5, -0.28),
            (-0.3, -0.31),
            (-0.19, -0.46),
            (0.12, -0.46),
            (0.26, -0.3),
            (0.46, -0.26),
            (0.5, -0.12),
        ],
        color,
    )
    pen.polygon([(-0.25, -0.31), (-0.16, -0.43), (-0.04, -0.43), (-0.04, -0.31)], _GLASS)
    pen.polygon([(0.0, -0.31), (0.0, -0.43), (0.1, -0.43), (0.2, -0.31)], _GLASS)
    pen.line([(-0.02, -0.3), (-0.02, -0.12)], 0.01, shade(color, 0.6))
    pen.oval(0.47, -0.215, 0.025, 0.03, _YELLOW)
    pen.oval(-0.48, -0.22, 0.02, 0.03, _RED)
    for x in (-0.29, 0.3):
        _wheel(pen, x, -0.1, 0.1)


def _taxi(pen: Pen, look: Look) -> None:
    pen.box(-0.12, -0.53, 0.07, -0.46, _WHITE)
    pen.line([(-0.08, -0.495), (0.03, -0.495)], 0.022, _BLACK)
    _car(pen, look, look.main)
    for step in range(12):
        x = -0.46 + step * 0.075
        pen.box(x, -0.25 + 0.03 * (step % 2), x + 0.04, -0.22 + 0.03 * (step % 2), _BLACK)


def _police_car(pen: Pen, look: Look) -> None:
    pen.box(-0.1, -0.51, -0.02, -0.45, _RED)
    pen.box(-0.02, -0.51, 0.06, -0.45, _SIGNAL)
    _car(pen, look, _WHITE)
    pen.polygon([(-0.5, -0.25), (0.47, -0.22), (0.49, -0.15), (-0.5, -0.16)], look.main)
    for x in (-0.29, 0.3):
        _wheel(pen, x, -0.1, 0.1)


def _ambulance(pen: Pen, look: Look) -> None:
    pen.box(-0.16, -0.68, 0.0, -0.6, _SIGNAL)
    pen.polygon(
        [
            (-0.55, -0.12),
            (-0.55, -0.62),
            (0.2, -0.62),
            (0.2, -0.52),
            (0.36, -0.5),
            (0.48, -0.3),
            (0.55, -0.26),
            (0.55, -0.12),
        ],
        _WHITE,
    )
    pen.polygon([(0.25, -0.3), (0.25, -0.46), (0.34, -0.46), (0.43, -0.3)], _GLASS)
    pen.box(-0.55, -0.28, 0.55, -0.21, look.main)
    pen.line([(-0.2, -0.55), (-0.2, -0.33)], 0.06, look.main)
    pen.line([(-0.31, -0.44), (-0.09, -0.44)], 0.06, look.main)
    for x in (-0.33, 0.34):
        _wheel(pen, x, -0.1, 0.1)


def _fire_engine(pen: Pen, look: Look) -> None:
    pen.box(-0.66, -0.5, 0.3, -0.12, _RED)
    pen.polygon([(0.3, -0.12), (0.3, -0.58), (0.6, -0.58), (0.66, -0.34), (0.66, -0.12)], _RED)
    pen.polygon([(0.42, -0.34), (0.42, -0.53), (0.57, -0.53), (0.62, -0.34)], _GLASS)
    pen.box(0.34, -0.65, 0.46, -0.58, _SIGNAL)
    pen.box(-0.66, -0.27, 0.66, -0.22, _WHITE)
    for y in (-0.57, -0.64):
        pen.line([(-0.68, y), (0.28, y)], 0.02, _METAL)
    for step in range(10):
        pen.line([(-0.62 + step * 0.098, -0.57), (-0.62 + step * 0.098, -0.64)], 0.014, _METAL)
    for x in (-0.5, -0.28, -0.06):
        pen.box(x - 0.08, -0.46, x + 0.08, -0.32, shade(_RED, 0.75))
    for x in (-0.4, -0.16, 0.42):
        _wheel(pen, x, -0.1, 0.11)


def _bus(pen: Pen, look: Look) -> None:
    pen.polygon(
        [(-0.75, -0.12), (-0.75, -0.58), (-0.71, -0.62), (0.71, -0.62), (0.76, -0.56), (0.77, -0.12)], look.main
    )
    for step in range(6):
        pen.box(-0.7 + step * 0.2, -0.55, -0.54 + step * 0.2, -0.34, _GLASS)
    pen.polygon([(0.54, -0.55), (0.72, -0.55), (0.74, -0.3), (0.54, -0.3)], _GLASS)
    pen.box(0.3, -0.55, 0.45, -0.13, shade(look.main, 0.7))
    pen.box(0.32, -0.53, 0.43, -0.17, _GLASS)
    pen.line([(-0.75, -0.25), (0.28, -0.25)], 0.025, _WHITE if look.name != "white" else _RED)
    pen.oval(0.75, -0.2, 0.02, 0.03, _YELLOW)
    for x in (-0.45, 0.58):
        _wheel(pen, x, -0.1, 0.11)


def _truck(pen: Pen, look: Look) -> None:
    pen.box(-0.75, -0.72, 0.25, -0.16, look.second)
    for step in range(1, 5):
        pen.line([(-0.75 + step * 0.2, -0.7), (-0.75 + step * 0.2, -0.18)], 0.008, shade(look.second, 0.85))
    pen.box(-0.75, -0.18, 0.7, -0.12, _BLACK)
    pen.polygon([(0.3, -0.14), (0.3, -0.6), (0.55, -0.6), (0.66, -0.36), (0.75, -0.32), (0.75, -0.14)], look.main)
    pen.polygon([(0.42, -0.36), (0.42, -0.54), (0.53, -0.54), (0.61, -0.36)], _GLASS)
    pen.oval(0.73, -0.22, 0.02, 0.03, _YELLOW)
    for x in (-0.58, -0.34, 0.52):
        _wheel(pen, x, -0.11, 0.11)


def _tractor(pen: Pen, look: Look) -> None:
    pen.line([(0.24, -0.42), (0.24, -0.68)], 0.03, _BLACK)
    pen.polygon([(-0.05, -0.2), (-0.05, -0.46), (0.46, -0.44), (0.46, -0.2)], look.main)
    pen.polygon([(-0.4, -0.4), (-0.34, -0.78), (-0.02, -0.78), (0.02, -0.4)], look.main)
    pen.polygon([(-0.33, -0.44), (-0.29, -0.73), (-0.06, -0.73), (-0.03, -0.44)], _GLASS)
    pen.oval(0.45, -0.34, 0.03, 0.05, _YELLOW)
    _wheel(pen, -0.24, -0.25, 0.25)
    _wheel(pen, 0.34, -0.14, 0.14)


def _train(pen: Pen, look: Look) -> None:
    for x0 in (-0.98, -0.3):
        pen.box(x0, -0.46, x0 + 0.64, -0.1, look.second)
        pen.box(x0, -0.22, x0 + 0.64, -0.17, look.main)
        for step in range(4):
            pen.box(x0 + 0.06 + step * 0.145, -0.4, x0 + 0.16 + step * 0.145, -0.27, _GLASS)
        for x in (x0 + 0.14, x0 + 0.5):
            _wheel(pen, x, -0.07, 0.07)
    pen.line([(-0.36, -0.13), (0.4, -0.13)], 0.03, _BLACK)
    pen.box(0.38, -0.56, 0.62, -0.12, look.main)
    pen.box(0.43, -0.5, 0.57, -0.36, _GLASS)
    pen.box(0.6, -0.4, 0.95, -0.12, look.main)
    pen.oval(0.95, -0.26, 0.05, 0.14, shade(look.main, 0.7))
    pen.polygon([(0.78, -0.4), (0.74, -0.62), (0.9, -0.62), (0.86, -0.4)], _BLACK)
    pen.polygon([(0.93, -0.12), (1.06, -0.02), (0.93, -0.02)], _BLACK)
    pen.box(0.36, -0.6, 0.64, -0.55, _BLACK)
    for x, radius in ((0.48, 0.1), (0.7, 0.1), (0.89, 0.07)):
        _wheel(pen, x, -radius, radius)


def _tram(pen: Pen, look: Look) -> None:
    pen.line([(-0.1, -0.62), (0.04, -0.74), (-0.08, -0.86)], 0.02, _BLACK)
    pen.line([(-0.2, -0.87), (0.06, -0.87)], 0.022, _BLACK)
    pen.polygon([(-0.8, -0.1), (-0.84, -0.3), (-0.78, -0.62), (0.78, -0.62), (0.84, -0.3), (0.8, -0.1)], look.main)
    pen.box(-0.81, -0.58, 0.81, -0.34, _WHITE)
    for step in range(8):
        pen.box(-0.76 + step * 0.195, -0.55, -0.61 + step * 0.195, -0.36, (90, 130, 160))
    for x in (-0.2, 0.2):
        pen.box(x - 0.07, -0.56, x + 0.07, -0.1, shade(look.main, 0.7))
        pen.line([(x, -0.55), (x, -0.11)], 0.01, _WHITE)
    for x in (-0.6, -0.42, 0.42, 0.6):
        _wheel(pen, x, -0.06, 0.06)


def _hot_air_balloon(pen: Pen, look: Look) -> None:
    for side in (-1, 1):
        pen.line([(side * 0.1, 0.38), (side * 0.07, 0.62)], 0.012, _BLACK)
    pen.oval(0, 0, 0.42, 0.42, look.main)
    pen.polygon([(-0.38, 0.18), (0.38, 0.18), (0.11, 0.46), (-0.11, 0.46)], look.main)
    for width in (0.26, 0.08):
        color = look.second if width > 0.1 else look.main
        pen.oval(0, 0, width, 0.42, color)
        pen.polygon([(-width * 0.9, 0.18), (width * 0.9, 0.18), (width * 0.25, 0.46), (-width * 0.25, 0.46)], color)


def _balloon_basket(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.095, 0), (0.095, 0), (0.08, 0.14), (-0.08, 0.14)], (170, 115, 60))
    for y in (0.045, 0.09):
        pen.line([(-0.085, y), (0.085, y)], 0.01, (120, 78, 38))
    pen.line([(-0.1, 0), (0.1, 0)], 0.025, (110, 70, 35))


def _airplane(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.08, -0.02), (0.14, -0.02), (-0.12, -0.32), (-0.22, -0.32)], shade(_METAL, 1.15))
    pen.polygon([(-0.62, -0.04), (-0.46, -0.04), (-0.54, -0.3), (-0.68, -0.3)], look.main)
    pen.polygon([(-0.66, 0), (-0.56, -0.08), (0.52, -0.08), (0.52, 0.08), (-0.42, 0.08)], _WHITE)
    pen.oval(0.52, 0, 0.15, 0.08, _WHITE)
    pen.polygon([(-0.6, 0.015), (0.66, 0.01), (0.6, 0.05), (-0.46, 0.06)], look.main)
    pen.polygon([(0.54, -0.06), (0.6, -0.055), (0.63, -0.02), (0.54, -0.02)], (60, 90, 120))
    for step in range(11):
        pen.oval(-0.42 + step * 0.08, -0.03, 0.016, 0.018, (60, 90, 120))
    pen.polygon([(-0.12, 0.04), (0.16, 0.04), (-0.14, 0.36), (-0.26, 0.36)], _METAL)
    pen.line([(0.0, 0.17), (0.12, 0.17)], 0.075, look.main)
    pen.polygon([(-0.58, 0.01), (-0.46, 0.01), (-0.6, 0.13), (-0.68, 0.13)], _METAL)


def _helicopter(pen: Pen, look: Look) -> None:
    pen.line([(0.05, -0.2), (0.05, -0.32)], 0.035, _BLACK)
    pen.line([(-0.52, -0.34), (0.62, -0.31)], 0.028, _BLACK)
    pen.polygon([(-0.1, -0.12), (-0.1, 0.04), (-0.72, -0.08), (-0.72, -0.14)], look.main)
    pen.polygon([(-0.62, -0.08), (-0.76, -0.28), (-0.8, -0.28), (-0.76, -0.06)], look.main)
    pen.ring(-0.75, -0.14, 0.085, 0.02, _BLACK)
    pen.oval(0.1, -0.03, 0.3, 0.2, look.main)
    pen.oval(0.22, -0.05, 0.16, 0.13, _GLASS, -100, 60)
    pen.box(-0.04, -0.13, 0.09, 0.02, _GLASS)
    for x in (-0.02, 0.22):
        pen.line([(x, 0.12), (x, 0.24)], 0.022, _BLACK)
    pen.line([(-0.2, 0.24), (0.36, 0.24), (0.42, 0.2)], 0.026, _BLACK)


def _rocket(pen: Pen, look: Look) -> None:
    for side in (-1, 1):
        pen.polygon([(side * 0.1, -0.34), (side * 0.27, -0.1), (side * 0.27, 0), (side * 0.1, -0.08)], look.main)
    pen.polygon([(-0.07, -0.06), (0.07, -0.06), (0.1, 0), (-0.1, 0)], (90, 92, 98))
    pen.box(-0.13, -0.88, 0.13, -0.06, _WHITE)
    pen.polygon([(-0.13, -0.88), (-0.09, -1.05), (0, -1.2), (0.09, -1.05), (0.13, -0.88)], look.main)
    pen.oval(0, -0.7, 0.075, 0.075, _METAL)
    pen.oval(0, -0.7, 0.05, 0.05, (60, 110, 160))
    pen.box(-0.13, -0.42, 0.13, -0.34, look.main)


def _sailing_vessel(pen: Pen, look: Look) -> None:
    pen.line([(0.02, -0.15), (0.02, -1.02)], 0.028, (110, 70, 35))
    pen.polygon([(0.05, -0.98), (0.05, -0.26), (0.44, -0.26)], look.main)
    pen.polygon([(-0.01, -0.92), (-0.01, -0.26), (-0.34, -0.26)], shade(look.main, 1.18))
    pen.polygon([(-0.48, -0.2), (0.55, -0.2), (0.4, 0), (-0.36, 0)], (120, 72, 38))
    pen.line([(-0.48, -0.19), (0.55, -0.19)], 0.03, _WHITE)


def _boat(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.55, -0.2), (0.58, -0.22), (0.42, 0), (-0.42, 0)], look.main)
    pen.line([(-0.55, -0.2), (0.58, -0.22)], 0.03, shade(look.main, 0.6))
    pen.line([(-0.46, -0.09), (0.46, -0.1)], 0.02, _WHITE)


def _ship(pen: Pen, look: Look) -> None:
    pen.box(-0.7, -0.36, 0.25, -0.22, _WHITE)
    pen.box(-0.62, -0.48, 0.05, -0.36, _WHITE)
    for step in range(8):
        pen.oval(-0.62 + step * 0.11, -0.29, 0.024, 0.024, (60, 90, 120))
    for step in range(5):
        pen.box(-0.56 + step * 0.12, -0.45, -0.48 + step * 0.12, -0.39, (60, 90, 120))
    pen.polygon([(-0.9, -0.23), (0.98, -0.27), (0.8, 0), (-0.8, 0)], look.main)
    pen.line([(-0.85, -0.08), (0.86, -0.09)], 0.025, _WHITE)


def _ship_funnel(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.075, 0), (0.075, 0), (0.06, -0.24), (-0.09, -0.24)], look.main)
    pen.polygon([(-0.09, -0.24), (0.06, -0.24), (0.063, -0.18), (-0.086, -0.18)], _BLACK)


def _baby_carriage(pen: Pen, look: Look) -> None:
    pen.line([(-0.3, -0.3), (-0.46, -0.55), (-0.54, -0.53)], 0.03, _METAL)
    pen.oval(0.04, -0.36, 0.32, 0.32, look.main, 0, 180)
    pen.oval(0.04, -0.36, 0.32, 0.36, shade(look.main, 0.75), 270, 360)
    for angle in (300, 330):
        pen.oval(0.04, -0.36, 0.31, 0.35, look.main, angle, angle + 12)
    pen.line([(-0.28, -0.36), (0.36, -0.36)], 0.035, _WHITE)
    for x in (-0.17, 0.25):
        pen.ring(x, -0.1, 0.085, 0.03, _BLACK)
        pen.line([(x, -0.1), (x * 0.6 + 0.02, -0.2)], 0.022, _METAL)


def _wheelchair(pen: Pen, look: Look) -> None:
    pen.line([(-0.24, -0.68), (-0.14, -0.66), (-0.12, -0.32)], 0.028, _METAL)
    pen.line([(0.2, -0.32), (0.3, -0.06), (0.4, -0.06)], 0.026, _METAL)
    pen.line([(-0.12, -0.48), (0.16, -0.48)], 0.035, _BLACK)
    pen.polygon([(-0.15, -0.3), (0.2, -0.3), (0.2, -0.37), (-0.15, -0.37)], look.main)
    pen.polygon([(-0.17, -0.34), (-0.1, -0.34), (-0.12, -0.64), (-0.19, -0.64)], look.main)
    pen.ring(-0.06, -0.22, 0.205, 0.03, _BLACK)
    for dx, dy in ((0.19, 0), (0, 0.19), (0.134, 0.134), (0.134, -0.134)):
        pen.line([(-0.06 - dx, -0.22 - dy), (-0.06 + dx, -0.22 + dy)], 0.008, _METAL)
    pen.ring(0.24, -0.07, 0.055, 0.025, _BLACK)


def _digger(pen: Pen, look: Look) -> None:
    pen.line([(0.1, -0.4), (0.42, -0.78), (0.68, -0.5)], 0.07, look.main)
    pen.line([(0.1, -0.42), (0.42, -0.78)], 0.02, _BLACK)
    pen.box(-0.5, -0.44, 0.16, -0.2, look.main)
    pen.polygon([(-0.16, -0.4), (-0.12, -0.72), (0.12, -0.72), (0.16, -0.4)], look.main)
    pen.polygon([(-0.09, -0.44), (-0.07, -0.67), (0.09, -0.67), (0.11, -0.44)], _GLASS)
    pen.line([(-0.4, -0.09), (0.18, -0.09)], 0.19, _BLACK)
    for x in (-0.4, -0.2, 0.0, 0.18):
        pen.oval(x, -0.09, 0.05, 0.05, _METAL)


def _digger_bucket(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.04, 0), (0.08, 0), (0.12, 0.1), (0.08, 0.22), (-0.14, 0.2), (-0.02, 0.12)], (80, 82, 88))
    for x in (-0.13, -0.05, 0.03):
        pen.polygon([(x, 0.19), (x + 0.05, 0.19), (x + 0.005, 0.26)], _BLACK)


FIGURES: dict[str, Figure] = {
    "bicycle": Figure(_bicycle, (-0.5, -0.64, 0.5, 0.02), ("red", "orange", "yellow", "green", "blue", "violet")),
    "motorcycle": Figure(_motorcycle, (-0.54, -0.66, 0.56, 0.02), ("red", "orange", "yellow", "green", "blue")),
    "taxi": Figure(_taxi, (-0.52, -0.55, 0.52, 0.02), ("yellow",)),
    "police_car": Figure(_police_car, (-0.52, -0.53, 0.52, 0.02), ("blue",)),
    "ambulance": Figure(_ambulance, (-0.57, -0.7, 0.57, 0.02), ("red",)),
    "fire_engine": Figure(_fire_engine, (-0.7, -0.68, 0.68, 0.03), ("red",)),
    "bus": Figure(_bus, (-0.77, -0.64, 0.79, 0.03), _BRIGHT),
    "truck": Figure(_truck, (-0.77, -0.74, 0.77, 0.02), _BRIGHT),
    "tractor": Figure(_tractor, (-0.51, -0.8, 0.51, 0.02), ("red", "green", "blue", "orange", "yellow")),
    "train": Figure(_train, (-1.0, -0.66, 1.08, 0.02), ("red", "green", "blue", "black")),
    "tram": Figure(_tram, (-0.86, -0.9, 0.86, 0.02), ("red", "yellow", "green", "blue", "orange")),
    "hot_air_balloon": Figure(
        _hot_air_balloon, (-0.44, -0.44, 0.44, 0.64), ("red", "orange", "green", "blue", "violet")
    ),
    "basket": Figure(_balloon_basket, (-0.12, -0.03, 0.12, 0.16), ("brown",)),
    "airplane": Figure(_airplane, (-0.7, -0.34, 0.7, 0.38), ("red", "orange", "green", "blue", "violet")),
    "helicopter": Figure(
        _helicopter, (-0.86, -0.37, 0.64, 0.27), ("red", "orange", "yellow", "green", "blue", "white")
    ),
    "rocket": Figure(_rocket, (-0.29, -1.22, 0.29, 0.02), ("red", "orange", "green", "blue", "violet")),
    "sailing_vessel": Figure(
        _sailing_vessel, (-0.5, -1.05, 0.58, 0.02), ("white", "red", "orange", "yellow", "violet")
    ),
    "boat": Figure(_boat, (-0.58, -0.25, 0.61, 0.02), ("red", "green", "yellow", "orange", "white")),
    "ship": Figure(_ship, (-0.92, -0.5, 1.0, 0.02), ("red", "green", "black", "violet")),
    "ship_funnel": Figure(_ship_funnel, (-0.11, -0.26, 0.09, 0.02), ("red", "yellow", "orange", "green")),
    "baby_carriage": Figure(_baby_carriage, (-0.58, -0.74, 0.38, 0.02), ("red", "green", "blue", "violet", "yellow")),
    "wheelchair": Figure(_wheelchair, (-0.3, -0.72, 0.44, 0.02), ("red", "green", "blue", "violet")),
    "digger": Figure(_digger, (-0.54, -0.84, 0.74, 0.02), ("yellow", "orange", "red", "green")),
    "digger_bucket": Figure(_digger_bucket, (-0.16, -0.02, 0.14, 0.28), ("grey",)),
}
