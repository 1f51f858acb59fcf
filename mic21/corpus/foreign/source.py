"""What a reader of another form gives, and how it reads JSON: a record at a time, so that a bad one stops no other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from mic21.corpus.coco.document import BuiltDocument
from mic21.corpus.coco.interactions import Interaction
from mic21.errors import CorpusError

Record = TypeVar("Record", bound=msgspec.Struct)


@dataclass(slots=True)
class Source:
    """Records in COCO's form, with what COCO has no place for.

    Attributes:
        document: images, annotations, categories, licences.
        label_set: of the ontology, that says what the names of the categories mean.
        interactions: between annotations.
        left_out: what of the source is left where it is → how many of it.
        problems: records that could not be read, each with its place.
    """

    document: BuiltDocument
    label_set: str | None = None
    interactions: list[Interaction] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def read(self, path: Path, type: type[Record]) -> Iterator[tuple[str, Record]]:
        """(Place, record) of the good records of a JSON list; the others become problems.

        Raises:
            CorpusError: the file is not there, or is no JSON list.
        """
        try:
            raws = msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])
        except (OSError, msgspec.DecodeError) as error:
            raise CorpusError(f"{path}: expected a JSON list, found: {error}") from error
        for index, raw in enumerate(raws):
            place = f"{path.name}: [{index}]"
            try:
                record = msgspec.json.decode(raw, type=type)
            except msgspec.DecodeError as error:
                self.problems.append(f"{place}: {error}")
                continue
            yield place, record
