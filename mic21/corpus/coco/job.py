"""One import: what has been read so far, and the way from a file's ids to the corpus's."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from mic21.corpus.coco.photographs import Photographs
from mic21.corpus.metadata import Facts
from mic21.corpus.store import Corpus


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        images: how many came in.
        annotations: how many came in.
        captions: how many came in.
        interactions: how many came in.
        categories: how many came in as they are; those that the ontology has need no row.
        linked: name → key of the categories that were linked to the ontology's.
        unchanged: records that the corpus had already, the same.
        attached: photographs that came to images which had none.
        left_out: what the source has and no import takes → how many of it.
        skipped: the problems of the records left out with `skip_bad`.
    """

    images: int = 0
    annotations: int = 0
    captions: int = 0
    interactions: int = 0
    categories: int = 0
    linked: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0
    attached: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: "ImportReport") -> None:
        """Count what another part of the same import did."""
        for name in ("images", "annotations", "captions", "interactions", "categories", "unchanged", "attached"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.linked |= other.linked
        self.left_out = dict(Counter(self.left_out) + Counter(other.left_out))


class ImportJob:
    """What the parts of an import share.

    Attributes:
        corpus: where to.
        defaults: `status`, `subdomain` and `language` of records that do not name their own.
        adopt: annotations get the ontology's category ids.
        renumber: records whose id is taken get a new one.
        report: what the import did so far.
        problems: what was found wrong so far, each with its place.
        photographs: the files that belong to the image records.
        keys: name of a category in the file → key of the category that it is, where its name does not say.
        facts: file name of an image → what a table of metadata says of it.
        subdomains: keys of the subdomains that the corpus knows.
        sizes: id of an image in the file → height, width.
        image_ids: id of an image in the file → id in the corpus.
        annotation_ids: id of an annotation in the file → id in the corpus.
        bad_images: ids of images in the file that have problems of their own.
        category_ids: id of a category in the file → id in the corpus.
        bad_categories: ids of categories in the file that have problems of their own.
        license_ids: id of a licence in the file → id in the corpus.
        connection: the transaction, once `begin` was called.
        run_id: the run that the import is recorded under, once `begin` was called.
    """

    connection: Connection

    def __init__(self, corpus: Corpus, defaults: Mapping[str, str | None], *, adopt: bool, renumber: bool) -> None:
        self.corpus = corpus
        self.defaults = defaults
        self.adopt = adopt
        self.renumber = renumber
        self.report = ImportReport()
        self.problems: list[str] = []
        self.photographs = Photographs(corpus.files)
        self.keys: Mapping[str, str] = {}
        self.facts: Mapping[str, Facts] = {}
        self.subdomains = frozenset(subdomain.key for subdomain in corpus.ontology.subdomains())
        self.sizes: dict[int, tuple[int, int]] = {}
        self.image_ids: dict[int, int] = {}
        self.annotation_ids: dict[int, int] = {}
        self.bad_images: set[int] = set()
        self.category_ids: dict[int, int] = {}
        self.bad_categories: set[int] = set()
        self.license_ids: dict[int, int] = {}
        self.run_id = 0

    def begin(self, connection: Connection, run_id: int) -> None:
        """Start to write."""
        self.connection = connection
        self.run_id = run_id

    def problem(self, text: str) -> None:
        """Note a problem with its place."""
        self.problems.append(text)
