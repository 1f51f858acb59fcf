"""What only people can say of a corpus: `release.toml` in its folder.

Without the file, a release says that these facts are unknown, and why. With it, the mandatory ones must be there: who
begins to say what a corpus is for says all of it.
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mic21.errors import ReleaseError
from mic21.release.questions import QUESTIONS

FILE = "release.toml"


class Facts(BaseModel):
    """What people say of a corpus.

    Attributes:
        name: of the corpus.
        purpose: what it was made for.
        curator: who made it, and for whom.
        contact: how to reach them.
        license: SPDX expression for annotations, captions and names; photographs have their own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1)
    purpose: str = Field(min_length=1)
    curator: str = Field(min_length=1)
    contact: str = Field(min_length=1)
    license: str = Field(min_length=1)
    description: str | None = Field(default=None, description="a sentence or two for the card")
    url: str | None = Field(default=None, description="of the corpus's page")
    citation: str | None = Field(default=None, description="BibTeX")
    funding: str | None = None
    date: str | None = Field(default=None, description="of publication, YYYY-MM-DD", pattern=r"^\d{4}-\d{2}-\d{2}$")
    answers: dict[str, str] = Field(default={}, description="key of a datasheet's question → answer")


def read_facts(corpus: Path) -> Facts | None:
    """The facts of a corpus folder, or None where it has no `release.toml`.

    Raises:
        ReleaseError: the file is no TOML, a mandatory fact is missing, or it says something that nobody asks for; all
            at once.
    """
    path = corpus / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ReleaseError(f"{path}: expected TOML, found: {error}") from error
    problems = []
    facts = None
    try:
        facts = Facts.model_validate(values)
    except ValidationError as error:
        problems += [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
    answers = values.get("answers")
    unknown = sorted(set(answers) - {question.key for question in QUESTIONS}) if isinstance(answers, dict) else []
    problems += [f"answers.{key}: no such question; DATASHEET.md of a release has them in brackets" for key in unknown]
    if problems or facts is None:
        raise ReleaseError(f"{path}: {'; '.join(problems)}")
    return facts
