"""Musical instruments and what stands around them; those that are held lie along the x axis."""

from mic21.synth.canvas import Pen
from mic21.synth.colors import shade
from mic21.synth.figures import Figure, Look

_BRASS = (226, 176, 60)
_BLACK = (30, 30, 34)
_WHITE = (250, 250, 248)
_WOOD = ("brown", "orange")
_METAL = (165, 168, 175)


def _violin(pen: Pen, look: Look) -> None:
    pen.line([(0.1, 0), (0.33, 0)], 0.03, _BLACK)
    pen.oval(0.345, 0, 0.022, 0.028, shade(look.main, 0.6))
    for x, rx, ry in ((-0.06, 0.1, 0.085), (0.08, 0.075, 0.068)):
        pen.oval(x, 0, rx, ry, shade(look.main, 0.55))
    pen.box(-0.05, -0.05, 0.08, 0.05, shade(look.main, 0.55))
    for x, rx, ry in ((-0.06, 0.088, 0.073), (0.08, 0.063, 0.056)):
        pen.oval(x, 0, rx, ry, look.main)
    pen.box(-0.05, -0.045, 0.08, 0.045, look.main)
    pen.line([(-0.12, 0), (0.1, 0)], 0.014, _BLACK)
    pen.line([(-0.03, -0.03), (-0.03, 0.03)], 0.014, _WHITE)


def _bow(pen: Pen, look: Look) -> None:
    pen.polygon([(-0.02, 0), (0.45, 0.006), (0.45, 0.02), (-0.02, 0.03)], _WHITE)
    pen.line([(-0.04, 0), (0.2, -0.012), (0.46, 0.008)], 0.016, look.main)


def _cello(pen: Pen, look: Look) -> None:
    dark = shade(look.main, 0.55)
    pen.line([(0, 0), (0, -0.12)], 0.018, _METAL)
    pen.line([(0, -0.6), (0, -0.95)], 0.035, _BLACK)
    pen.oval(0, -0.97, 0.03, 0.03, dark)
    for grown, color in ((0.016, dark), (0, look.main)):
        pen.oval(0, -0.25, 0.17 + grown, 0.15 + grown, color)
        pen.oval(0, -0.52, 0.125 + grown, 0.115 + grown, color)
        pen.box(-0.085 - grown, -0.5, 0.085 + grown, -0.25, color)
    pen.line([(0, -0.18), (0, -0.62)], 0.025, _BLACK)
    pen.line([(-0.05, -0.33), (0.05, -0.33)], 0.02, _WHITE)
    for side in (-1, 1):
        pen.line([(side * 0.055, -0.42), (side * 0.065, -0.34)], 0.012, _BLACK)


def _guitar(pen: Pen, look: Look) -> None:
    pen.line([(0.1, 0), (0.45, 0)], 0.035, (80, 50, 30))
    pen.polygon([(0.44, -0.03), (0.54, -0.04), (0.54, 0.04), (0.44, 0.03)], _BLACK)
    for grown, color in ((0.012, shade(look.main, 0.5)), (0, look.main)):
        pen.oval(-0.1, 0, 0.135 + grown, 0.13 + grown, color)
        pen.oval(0.07, 0, 0.1 + grown, 0.095 + grown, color)
    pen.oval(0.045, 0, 0.042, 0.042, _BLACK)
    pen.box(-0.16, -0.035, -0.135, 0.035, _BLACK)
    for y in (-0.012, 0.012):
        pen.line([(-0.15, y), (0.45, y)], 0.004, _WHITE)


def _trumpet(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0.36, 0)], 0.022, look.main)
    pen.oval(0.17, 0.035, 0.13, 0.05, look.main)
    pen.oval(0.17, 0.035, 0.108, 0.028, None)
    pen.polygon([(0.3, -0.014), (0.38, -0.03), (0.45, -0.085), (0.45, 0.085), (0.38, 0.03), (0.3, 0.014)], look.main)
    pen.oval(0.45, 0, 0.02, 0.087, shade(look.main, 0.75))
    for x in (0.13, 0.17, 0.21):
        pen.line([(x, -0.045), (x, 0.07)], 0.024, shade(look.main, 0.8))
    pen.oval(0, 0, 0.014, 0.024, shade(look.main, 0.6))


def _saxophone(pen: Pen, look: Look) -> None:
    pen.line([(0, 0), (0.07, -0.03), (0.1, 0)], 0.026, look.main)
    pen.line([(0, 0), (0.02, -0.012)], 0.03, _BLACK)
    pen.polygon([(0.085, 0), (0.115, 0), (0.14, 0.34), (0.07, 0.34)], look.main)
    pen.oval(0.155, 0.33, 0.088, 0.075, look.main, 0, 180)
    pen.oval(0.155, 0.33, 0.022, 0.02, None, 0, 180)
    pen.polygon([(0.176, 0.34), (0.242, 0.34), (0.29, 0.15), (0.14, 0.19)], look.main)
    pen.oval(0.215, 0.168, 0.078, 0.026, shade(look.main, 0.6))
    for y in (0.06, 0.12, 0.18, 0.24, 0.3):
        pen.oval(0.105, y, 0.014, 0.016, shade(look.main, 0.5))


def _accordion(pen: Pen, look: Look) -> None:
    for step in range(7):
        x = -0.14 + step * 0.04
        pen.polygon([(x, -0.14), (x + 0.02, -0.155), (x + 0.04, -0.14), (x + 0.04, 0.14), (x, 0.14)], _BLACK)
        pen.line([(x + 0.02, -0.14), (x + 0.02, 0.14)], 0.012, look.second)
    for x0, x1 in ((-0.25, -0.14), (0.14, 0.25)):
        pen.box(x0, -0.17, x1, 0.17, look.main)
    pen.box(-0.25, -0.15, -0.19, 0.15, _WHITE)
    for step in range(7):
        pen.line([(-0.25, -0.13 + step * 0.043), (-0.21, -0.13 + step * 0.043)], 0.014, _BLACK)
    for step in range(5):
        pen.oval(0.195, -0.11 + step * 0.055, 0.016, 0.016, _WHITE)


def _drum(pen: Pen, look: Look) -> None:
    pen.line([(-0.15, 0), (-0.09, -0.16)], 0.02, _METAL)
    pen.line([(0.15, 0), (0.09, -0.16)], 0.02, _METAL)
    pen.box(-0.2, -0.4, 0.2, -0.17, look.main)
    pen.oval(0, -0.17, 0.2, 0.05, look.main)
    for step in range(5):
        x = -0.2 + step * 0.08
        pen.line([(x, -0.38), (x + 0.04, -0.15), (x + 0.08, -0.38)], 0.008, _WHITE)
    pen.oval(0, -0.17, 0.2, 0.05, shade(look.main, 0.6), 0, 180)
    pen.box(-0.205, -0.41, 0.205, -0.38, _METAL)
    pen.oval(0, -0.41, 0.205, 0.055, _METAL)
    pen.oval(0, -0.415, 0.185, 0.044, _WHITE)


def _drumstick(pen: Pen, look: Look) -> None:
    pen.line([(-0.02, 0), (0.24, 0)], 0.02, look.main)
    pen.oval(0.25, 0, 0.022, 0.017, look.main)


def _cymbal(pen: Pen, look: Look) -> None:
    pen.line([(0, -0.02), (0, -0.62)], 0.02, _METAL)
    for x in (-0.12, 0.12):
        pen.line([(0, -0.12), (x, 0)], 0.018, _METAL)
    pen.oval(0, -0.62, 0.19, 0.035, _BRASS)
    pen.oval(0, -0.635, 0.045, 0.025, shade(_BRASS, 0.8))


def _piano(pen: Pen, look: Look) -> None:
    for x in (-0.42, 0.1, 0.42):
        pen.line([(x, -0.25), (x, 0)], 0.045, shade(look.main, 0.7))
    pen.polygon([(-0.2, -0.47), (-0.1, -0.85), (0.5, -0.68), (0.5, -0.47)], shade(look.main, 1.35))
    pen.line([(0.1, -0.47), (0.16, -0.74)], 0.014, _BRASS)
    pen.polygon([(-0.5, -0.42), (-0.3, -0.47), (0.5, -0.47), (0.5, -0.25), (-0.5, -0.25)], look.main)
    pen.polygon([(-0.52, -0.4), (-0.3, -0.4), (-0.3, -0.34), (-0.52, -0.34)], _WHITE)
    for step in range(5):
        pen.line([(-0.5 + step * 0.045, -0.4), (-0.5 + step * 0.045, -0.37)], 0.014, _BLACK)
    pen.line([(-0.3, -0.3), (0.5, -0.3)], 0.01, shade(look.main, 1.6))


def _music_stand(pen: Pen, look: Look) -> None:
    pen.line([(0, -0.02), (0, -0.6)], 0.02, look.main)
    for x in (-0.13, 0.13):
        pen.line([(0, -0.13), (x, 0)], 0.018, look.main)
    pen.polygon([(-0.19, -0.57), (0.19, -0.57), (0.17, -0.83), (-0.17, -0.83)], look.main)
    pen.line([(-0.19, -0.57), (0.19, -0.57)], 0.03, shade(look.main, 0.7))


def _chair(pen: Pen, look: Look) -> None:
    dark = shade(look.main, 0.75)
    for x, top in ((-0.15, -0.28), (0.17, -0.28), (-0.08, -0.28), (0.1, -0.28)):
        pen.line([(x, 0), (x, top)], 0.028, dark)
    pen.polygon([(-0.19, -0.26), (0.2, -0.26), (0.2, -0.32), (-0.19, -0.32)], look.main)
    pen.line([(-0.175, -0.3), (-0.2, -0.66)], 0.035, dark)
    pen.polygon([(-0.22, -0.68), (-0.165, -0.68), (-0.15, -0.42), (-0.2, -0.42)], look.main)


def _stool(pen: Pen, look: Look) -> None:
    for x in (-0.13, 0.13):
        pen.line([(x, 0), (x * 0.6, -0.28)], 0.028, shade(look.main, 0.7))
    pen.line([(-0.1, -0.1), (0.1, -0.1)], 0.018, shade(look.main, 0.7))
    pen.oval(0, -0.29, 0.16, 0.045, look.main)


def _microphone(pen: Pen, look: Look) -> None:
    pen.line([(0, -0.01), (0, -0.7)], 0.018, _METAL)
    pen.oval(0, -0.01, 0.12, 0.025, _METAL)
    pen.line([(0, -0.7), (0.05, -0.76)], 0.035, _BLACK)
    pen.oval(0.07, -0.79, 0.045, 0.045, look.main)


FIGURES: dict[str, Figure] = {
    "violin": Figure(_violin, (-0.18, -0.1, 0.38, 0.1), _WOOD),
    "instrument_bow": Figure(_bow, (-0.06, -0.04, 0.48, 0.04), ("brown",)),
    "cello": Figure(_cello, (-0.2, -1.02, 0.2, 0.02), _WOOD),
    "guitar": Figure(_guitar, (-0.26, -0.15, 0.56, 0.15), ("brown", "orange", "red", "blue", "black")),
    "trumpet": Figure(_trumpet, (-0.03, -0.1, 0.48, 0.1), ("yellow", "grey")),
    "saxophone": Figure(_saxophone, (-0.03, -0.06, 0.32, 0.42), ("yellow",)),
    "accordion": Figure(_accordion, (-0.26, -0.18, 0.26, 0.18), ("red", "blue", "green", "black")),
    "drum": Figure(_drum, (-0.22, -0.48, 0.22, 0.02), ("red", "blue", "green", "yellow")),
    "drumstick": Figure(_drumstick, (-0.04, -0.03, 0.28, 0.03), ("brown",)),
    "cymbal": Figure(_cymbal, (-0.2, -0.68, 0.2, 0.02), ("yellow",)),
    "piano": Figure(_piano, (-0.54, -0.88, 0.54, 0.03), ("black", "white", "brown")),
    "piano_stool": Figure(_stool, (-0.18, -0.36, 0.18, 0.02), ("black", "brown")),
    "music_stand": Figure(_music_stand, (-0.21, -0.86, 0.21, 0.02), ("black", "grey")),
    "chair": Figure(_chair, (-0.24, -0.72, 0.24, 0.02), ("brown", "red", "blue", "grey")),
    "microphone": Figure(_microphone, (-0.13, -0.86, 0.14, 0.03), ("grey",)),
}
