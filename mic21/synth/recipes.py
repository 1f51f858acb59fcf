"""What a scene of a subdomain may show: one table, a line or two a theme.

A part's interaction is one that the ontology states of its category and the subject's, or of categories above them.
"""

from dataclasses import dataclass

from mic21.synth.canvas import Point
from mic21.synth.figures import Figure, instruments, people, sport, street, vehicles

FIGURES: dict[str, Figure] = {
    **people.FIGURES,
    **instruments.FIGURES,
    **sport.FIGURES,
    **street.FIGURES,
    **vehicles.FIGURES,
}
OUTDOORS = ("grass", "sand", "snow", "asphalt", "water", "air")
PLACES = ("room", *OUTDOORS)


@dataclass(frozen=True, slots=True)
class Part:
    """An object that is fixed to the subject.

    Attributes:
        category: its key.
        at: where its origin is, in units of the subject.
        predicate: what the subject does with it; `part_of` if it is the subject's part, None if nothing is said.
        angle: degrees, clockwise.
        scale: units of it to a unit of the subject.
        behind: whether it is drawn before the subject.
        chance: that it is there.
    """

    category: str
    at: Point
    predicate: str | None
    angle: float = 0.0
    scale: float = 1.0
    behind: bool = False
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A kind of scene.

    Attributes:
        subdomain: its theme.
        subject: category of what it is about.
        places: where it may be, of `PLACES`.
        parts: what is fixed to the subject.
        beside: (category, units of it to a unit of the subject) of what may stand to the left and right.
        most: at most so many subjects.
    """

    subdomain: str
    subject: str
    places: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    beside: tuple[tuple[str, float], ...] = ()
    most: int = 1


_ROOM = ("room",)
_STREET = ("asphalt",)
_FIELD = ("grass",)

RECIPES: tuple[Recipe, ...] = (
    # arts
    Recipe(
        "violinist",
        "violinist",
        _ROOM,
        (Part("violin", (0.13, -0.775), "plays", -8), Part("instrument_bow", (0.03, -0.66), "holds", -52)),
        (("music_stand", 0.95), ("chair", 0.9)),
    ),
    Recipe(
        "cellist",
        "cellist",
        _ROOM,
        (
            Part("chair", (-0.06, 0), "sits_on", behind=True),
            Part("cello", (0.2, 0.03), "plays", -8, 0.88),
            Part("instrument_bow", (-0.12, -0.34), "holds", 4),
        ),
        (("music_stand", 0.9),),
    ),
    Recipe(
        "guitar_player",
        "guitarist",
        ("room", "grass", "asphalt"),
        (Part("guitar", (0.01, -0.55), "plays", -20, 0.92),),
        (("microphone", 1.0), ("chair", 0.9)),
    ),
    Recipe(
        "trumpeter",
        "trumpeter",
        ("room", "grass", "asphalt"),
        (Part("trumpet", (0.07, -0.872), "plays", -4),),
        (("music_stand", 0.95),),
    ),
    Recipe(
        "saxophonist",
        "saxophonist",
        ("room", "asphalt"),
        (Part("saxophone", (0.07, -0.872), "plays"),),
        (("music_stand", 0.95), ("microphone", 1.0)),
    ),
    Recipe(
        "accordionist",
        "accordionist",
        ("room", "grass", "asphalt"),
        (Part("accordion", (0, -0.58), "plays"),),
        (("music_stand", 0.95), ("chair", 0.9)),
    ),
    Recipe(
        "percussionist",
        "percussionist",
        ("room", "asphalt"),
        (
            Part("drum", (0.3, 0.03), "plays", scale=1.05),
            Part("drumstick", (0.08, -0.62), "holds", 20),
            Part("drumstick", (0.24, -0.58), "holds", 12),
        ),
        (("cymbal", 1.0), ("microphone", 1.0)),
    ),
    Recipe(
        "piano_player",
        "pianist",
        _ROOM,
        (
            Part("piano_stool", (0.0, 0), "sits_on", behind=True),
            Part("piano", (0.72, 0.02), "plays"),
        ),
    ),
    Recipe("ballet_dancer", "ballet_dancer", _ROOM, (), (("mirror", 0.95),)),
    Recipe(
        "clown",
        "clown",
        ("room", "grass"),
        (Part("balloon", (0.27, -1.0), "holds", 6),),
        (("umbrella", 0.95), ("balloon", 1.1)),
    ),
    Recipe(
        "photographer",
        "photographer",
        ("grass", "sand", "asphalt"),
        (Part("camera", (0.1, -0.89), "holds", scale=1.25),),
        (("camera_tripod", 0.95), ("umbrella", 0.95)),
    ),
    # sport
    Recipe(
        "chess",
        "chess_player",
        _ROOM,
        (
            Part("chair", (-0.06, 0), None, behind=True),
            Part("table", (0.58, 0.02), None),
            Part("chessboard", (0.52, -0.375), "uses", scale=0.9),
            Part("chess_piece", (0.44, -0.4), "uses", scale=1.15),
            Part("chess_piece", (0.58, -0.42), "uses", scale=1.15),
            Part("chess_clock", (0.84, -0.385), "uses", chance=0.5),
        ),
    ),
    Recipe("soccer", "soccer_player", _FIELD, (Part("soccer_ball", (0.36, -0.06), "uses"),), (("goal", 0.75),)),
    Recipe(
        "tennis",
        "tennis_player",
        ("grass", "sand"),
        (Part("tennis_racket", (0.27, -1.0), "holds", -62), Part("tennis_ball", (0.52, -1.12), "uses", chance=0.6)),
        (("tennis_net", 0.9),),
    ),
    Recipe(
        "golf",
        "golfer",
        _FIELD,
        (Part("golf_club", (0.18, -0.48), "holds", -22), Part("golf_ball", (0.5, 0.0), "uses")),
        (("golf_flag", 1.0), ("golf_bag", 0.85)),
    ),
    Recipe(
        "basketball",
        "basketball_player",
        ("room", "asphalt"),
        (Part("basketball", (0.27, -1.07), "holds"),),
    ),
    Recipe("basketball", "backboard", _STREET, (Part("basketball_hoop", (-0.02, -1.02), "part_of"),)),
    Recipe(
        "hockey",
        "hockey_player",
        ("grass", "snow"),
        (Part("hockey_stick", (0.18, -0.47), "holds"), Part("puck", (0.6, 0.02), "uses", scale=1.2)),
        (("goal", 0.7),),
    ),
    Recipe(
        "skiing",
        "skier",
        ("snow",),
        (Part("skis", (0.03, 0.01), "uses", scale=0.95), Part("ski_pole", (0.28, -0.5), "holds")),
    ),
    Recipe(
        "skateboarding",
        "skateboarder",
        _STREET,
        (Part("skateboard", (-0.01, 0.085), "stands_on"),),
    ),
    Recipe(
        "weightlifting",
        "weightlifter",
        ("room", "grass"),
        (Part("barbell", (0, -1.13), "holds", scale=1.05),),
        (("dumbbell", 1.2),),
    ),
    Recipe(
        "boxing",
        "boxer",
        _ROOM,
        (
            Part("boxing_glove", (0.16, -0.72), "wears", -15),
            Part("boxing_glove", (0.33, -0.76), "wears", -15),
            Part("punching_bag", (0.62, 0.02), "uses", chance=0.6, behind=True),
        ),
    ),
    Recipe(
        "fishing",
        "fisherman",
        ("sand", "grass"),
        (Part("fishing_rod", (0.28, -0.62), "holds"),),
        (("bucket", 0.95), ("fish", 1.1)),
    ),
    Recipe("fishing", "boat", ("water",), (), (), 3),
    # transport
    Recipe("bicycle", "bicycle", ("asphalt", "grass"), (), (), 3),
    Recipe("bicycle", "cyclist", ("asphalt", "grass"), (Part("bicycle", (0.0, 0.02), "rides", behind=True),)),
    Recipe("motorcycle", "motorcycle", _STREET, (), (), 2),
    Recipe(
        "motorcycle",
        "motorcyclist",
        ("asphalt", "sand"),
        (Part("motorcycle", (0.06, -0.08), "rides", behind=True),),
    ),
    Recipe("taxi", "taxi", _STREET, (), (), 3),
    Recipe("bus", "bus", _STREET, (), (("bus_stop", 0.6),), 2),
    Recipe("truck", "truck", _STREET, (), (), 2),
    Recipe("tractor", "tractor", _FIELD, (), (("hay_bale", 0.8),), 2),
    Recipe("train", "train", ("grass", "snow")),
    Recipe("tram", "tram", _STREET),
    Recipe(
        "hot-air_balloon",
        "hot_air_balloon",
        ("air",),
        (Part("basket", (0, 0.61), "part_of"),),
        (),
        3,
    ),
    Recipe("airplane", "airplane", ("air",), (), (), 3),
    Recipe("helicopter", "helicopter", ("air",), (), (), 3),
    Recipe(
        "rocket",
        "rocket",
        ("sand", "grass"),
        (Part("launching_pad", (0, 0.06), "stands_on", behind=True),),
        (("gantry", 1.0),),
    ),
    Recipe("sailing_vessel", "sailing_vessel", ("water",), (), (), 3),
    Recipe("ship", "ship", ("water",), (Part("ship_funnel", (-0.25, -0.46), "part_of"),), (("lighthouse", 0.75),)),
    Recipe("baby_carriage", "baby_carriage", ("asphalt", "grass"), (), (("teddy_bear", 0.7),), 2),
    Recipe("wheelchair", "wheelchair", ("room", "asphalt"), (), (), 2),
    Recipe("digger", "digger", ("sand",), (Part("digger_bucket", (0.68, -0.5), "part_of"),), (), 1),
    Recipe("street_sign", "street_sign", _STREET, (), (("tree", 1.1), ("stop_sign", 0.95), ("traffic_light", 1.0)), 1),
    Recipe("street_sign", "street_sign", _STREET, (), (("lamppost", 1.0), ("fire_hydrant", 0.9)), 1),
    # security
    Recipe(
        "policeman",
        "policeman",
        ("asphalt", "room"),
        (Part("truncheon", (0.28, -0.62), "holds", 18),),
    ),
    Recipe("policeman", "policeman", _STREET, (Part("shield", (0.27, -0.56), "holds"),)),
    Recipe("police_car", "police_car", _STREET, (), (("traffic_cone", 0.5),), 2),
    Recipe("ambulance", "ambulance", _STREET, (), (), 2),
    Recipe("fire_engine", "fire_engine", _STREET, (), (("fire_hydrant", 0.5), ("ladder", 0.7))),
    Recipe(
        "fireman",
        "fireman",
        _STREET,
        (Part("fire_hose", (0.28, -0.62), "holds"),),
        (("fire_extinguisher", 0.9),),
    ),
    Recipe(
        "fireman",
        "fireman",
        _STREET,
        (Part("ax", (0.28, -0.62), "holds", 12),),
        (("fire_extinguisher", 0.9),),
    ),
)
