"""Predicted captions: JSON lines with `image_id`, `language`, `kind` and `caption`, as `mic21 generate` writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mic21.errors import CheckError

Group = tuple[str, str]  # language, kind
Captions = Mapping[int, str]  # image id → caption
_SHOWN = 5


class _Line(msgspec.Struct):
    image_id: int
    language: str
    kind: str
    caption: str


@dataclass(frozen=True, slots=True)
class Predictions:
    """The captions of one system.

    Attributes:
        groups: (language, kind) → image id → caption.
    """

    groups: Mapping[Group, Captions]


def read_predictions(path: Path) -> Predictions:
    """Read predictions; other fields of a line are passed over.

    Raises:
        CheckError: lines that are none, or an image that is captioned twice in a language and kind: every problem, with
            its line.
    """
    decoder = msgspec.json.Decoder(_Line)
    groups: dict[Group, dict[int, str]] = {}
    places: dict[tuple[str, str, int], int] = {}
    problems = []
    for number, text in enumerate(read_lines(path), 1):
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            problems.append(f"line {number}: expected image_id, language, kind and caption, found: {error}")
            continue
        key = (line.language, line.kind, line.image_id)
        if key in places:
            problems.append(
                f"line {number}: expected one {line.kind} in {line.language} of image {line.image_id}, "
                f"found another on line {places[key]}"
            )
            continue
        places[key] = number
        groups.setdefault((line.language, line.kind), {})[line.image_id] = line.caption
    if problems:
        raise CheckError(problem_list(path, problems))
    if not groups:
        raise CheckError(f"{path}: expected a JSON line for each caption, found none")
    return Predictions(groups)


def read_lines(path: Path) -> list[bytes]:
    """The lines of a file.

    Raises:
        CheckError: the file cannot be read.
    """
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise CheckError(f"{path}: expected JSON lines, found: {error.strerror or error}") from error


def problem_list(path: Path, problems: list[str]) -> str:
    """A message with the first problems of a file."""
    more = f"\n… and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return f"{path}: {len(problems)} problem(s):\n" + "\n".join(problems[:_SHOWN]) + more
