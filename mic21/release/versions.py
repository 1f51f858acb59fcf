"""Versions of releases, and the one that a difference calls for (after https://semver.org).

MAJOR: what users rely on breaks. MINOR: data comes or goes. PATCH: what is there is mended. Before 1.0.0 a break calls
for a higher second number, and everything else for a higher third.
"""

import re
from typing import Literal, NamedTuple

from mic21.errors import ReleaseError, UsageError

Level = Literal["none", "patch", "minor", "major"]
LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?")


class Version(NamedTuple):
    """A version in its parts; versions compare as semver says.

    Attributes:
        major: the first number.
        minor: the second.
        patch: the third.
        final: whether it is no pre-release.
        before: parts of the pre-release, numbers before words.
    """

    major: int
    minor: int
    patch: int
    final: bool
    before: tuple[tuple[bool, int, str], ...]

    @property
    def base(self) -> tuple[int, int, int]:
        """The three numbers."""
        return self.major, self.minor, self.patch


def parse_version(text: str) -> Version:
    """The parts of a version.

    Raises:
        UsageError: it is none.

    >>> parse_version("1.0.0-rc.2") < parse_version("1.0.0-rc.10") < parse_version("1.0.0")
    True
    """
    found = _VERSION.fullmatch(text)
    if not found:
        raise UsageError(f"version: expected MAJOR.MINOR.PATCH such as 1.0.0, found {text!r}")
    major, minor, patch, before = found.groups()
    parts = before.split(".") if before else []
    ordered = tuple((not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)
    return Version(int(major), int(minor), int(patch), not before, ordered)


def next_version(old: str, level: Level) -> str:
    """The lowest version that may follow another.

    >>> next_version("1.4.2", "minor"), next_version("0.4.2", "major"), next_version("1.0.0-rc.1", "minor")
    ('1.5.0', '0.5.0', '1.0.0')
    """
    found = parse_version(old)
    major, minor, patch = found.base
    if not found.final:
        return f"{major}.{minor}.{patch}"
    if major == 0:
        return f"0.{minor + 1}.0" if level == "major" else f"0.{minor}.{patch + 1}"
    following = {"major": f"{major + 1}.0.0", "minor": f"{major}.{minor + 1}.0"}
    return following.get(level, f"{major}.{minor}.{patch + 1}")


def check_version(old: str, new: str, level: Level, why: str) -> None:
    """Whether a version may follow another.

    Args:
        old: of the earlier release.
        new: of the one that follows.
        level: what the difference calls for.
        why: the difference, in a few words.

    Raises:
        ReleaseError: it is not high enough.
    """
    called_for = next_version(old, level)
    if parse_version(new) <= parse_version(old) or parse_version(new).base < parse_version(called_for).base:
        raise ReleaseError(f"version: expected {called_for} or higher after {old} ({level}: {why}), found {new}")
