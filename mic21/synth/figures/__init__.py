"""What a category looks like: a drawing in units of its own, and the colours it may have.

The origin is where a figure is fixed: the ground below what stands, the grip of what is held, the middle of what flies.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mic21.synth.canvas import Box, Color, Pen


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one object.

    Attributes:
        name: of the main colour, in `mic21.synth.colors.COLORS`.
        main: the colour that the caption names.
        second: of trousers, sails and the like.
        skin: of a person.
        hair: of a person.
    """

    name: str
    main: Color
    second: Color
    skin: Color
    hair: Color


@dataclass(frozen=True, slots=True)
class Figure:
    """How a category is drawn.

    Attributes:
        draw: with a pen, in the figure's units.
        box: x0, y0, x1, y1 of all that is drawn.
        colors: names of those it may have; captions name the colour where there are several.
    """

    draw: Callable[[Pen, Look], None]
    box: Box
    colors: tuple[str, ...]
