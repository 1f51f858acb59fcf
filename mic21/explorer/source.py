"""What the page looks through: one interface over a release and a corpus.

A source gives compact columns of everything, to filter by, and all that is known of one photograph at a time; masks,
texts and photographs are read when someone looks at them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from mic21.corpus.store import DATABASE
from mic21.errors import UsageError
from mic21.ontology import Ontology
from mic21.release.manifest import MANIFEST

Row = Mapping[str, Any]  # columns have types of their own, hence Any


@dataclass(frozen=True, slots=True)
class Tables:
    """The columns to filter by, as Arrow tables in any order.

    Attributes:
        images: `id, width, height, subdomain, license`, and `split` in a release.
        annotations: `image_id, category_id, area, score, status, origin`, and in a corpus `fate`: one of `FATES`.
        captions: `image_id, language`.
        interactions: `image_id, predicate`.
        categories: id of a category → (key in the ontology or None, name in English or of the import).
    """

    images: pa.Table
    annotations: pa.Table
    captions: pa.Table
    interactions: pa.Table
    categories: Mapping[int, tuple[str | None, str]]


# What became of an annotation: a person has not decided; kept a model's mask, changed it, renamed it, refused it; drew
# it; it came with an import; or a newer draft took its place.
FATES = ("undecided", "kept", "corrected", "renamed", "refused", "drawn", "imported", "superseded")


@dataclass(frozen=True, slots=True)
class Photograph:
    """All that is known of one photograph.

    Attributes:
        image: `id, file_name, width, height, subdomain, split, license, license_name, license_url, author, source_url,
            title, extension, run`; what is not known is None.
        annotations: `id, category_id, segmentation` (COCO's JSON value as text)`, score, status, origin, run`.
        captions: `text, language, kind, status, origin, run`.
        interactions: `subject_id, predicate, object_id, status, origin`.
        changes: of annotations, oldest first: `annotation_id, step, at, before, after`.
    """

    image: Row
    annotations: Sequence[Row]
    captions: Sequence[Row]
    interactions: Sequence[Row]
    changes: Sequence[Row] = field(default=())


class Source(Protocol):
    """A release or a corpus.

    Attributes:
        kind: `release` or `corpus`.
        name: to show: the folder's name.
        version: of a release.
    """

    kind: str
    name: str
    version: str | None

    @property
    def token(self) -> str:
        """A word that differs whenever what the source holds differs."""

    @property
    def ontology(self) -> Ontology:
        """The ontology with the source's own additions."""

    def tables(self) -> Tables:
        """The columns to filter by."""

    def photograph(self, id: int) -> Photograph:
        """All that is known of one photograph.

        Raises:
            UsageError: there is none of that id.
        """

    def picture(self, id: int) -> tuple[bytes, str]:
        """The bytes of a photograph, and its extension: `jpg`, `png` or `webp`.

        Raises:
            UsageError: there is none of that id.
        """

    def extension(self, id: int) -> str:
        """The extension of a photograph's file: `jpg`, `png` or `webp`.

        Raises:
            UsageError: there is none of that id.
        """

    def digest(self, id: int) -> str:
        """The SHA-256 of a photograph's bytes, in hexadecimal; names its thumbnail.

        Raises:
            UsageError: there is none of that id.
        """


def open_source(path: Path) -> Source:
    """The release or the corpus in a folder.

    Raises:
        UsageError: the folder holds neither.
    """
    from mic21.explorer.corpus_source import CorpusSource
    from mic21.explorer.release_source import ReleaseSource

    if (path / MANIFEST).is_file():
        return ReleaseSource(path)
    if (path / DATABASE).is_file():
        return CorpusSource(path)
    raise UsageError(f"{path}: expected a release or a corpus, found no {MANIFEST} and no {DATABASE}")


def unknown_image(id: int) -> UsageError:
    """The error for a photograph that there is not."""
    return UsageError(f"image {id}: there is no photograph of that id")
