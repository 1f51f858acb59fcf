"""Where each record of a release came from: the run that made it, how often it was edited, and who looked at it last.

People appear under pseudonyms: the beginning of a keyed hash of their name on the Label Studio server. The key is an id
that the corpus never gives away, so that a name cannot be guessed and tried.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection, func, select

from mic21.corpus import schema
from mic21.corpus.changes import read_property

Row = Mapping[str, Any]

RUNS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("step", pa.string(), nullable=False),  # ingest, import, segment, caption, review pull, edit …
        pa.field("backend", pa.string()),  # of a drafting step
        pa.field("signature", pa.string()),  # the backend with all that would change its drafts
    ]
)
_REVIEW = "review pull"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of how records came to be.

    Attributes:
        edits: record → id → (how many edits, the run of the last one), for those that were edited.
        reviews: runs that brought people's answers.
        answers: (image, run) → pseudonym of the person whose answer the run brought.
        latest: image → pseudonym of the person whose answer counts.
    """

    edits: Mapping[str, Mapping[int, tuple[int, int]]]
    reviews: frozenset[int]
    answers: Mapping[tuple[int, int], str]
    latest: Mapping[int, str]

    @classmethod
    def read(cls, connection: Connection) -> "Provenance":
        """Look it up in a corpus."""
        history, runs, found = schema.history.c, schema.runs.c, schema.review_answers.c
        edits: dict[str, dict[int, tuple[int, int]]] = {"annotations": {}, "captions": {}, "interactions": {}}
        counted = select(history.record, history.record_id, func.count(), func.max(history.run_id))
        counted = counted.where(history.record.in_(edits)).group_by(history.record, history.record_id)
        for record, id, count, run in connection.execute(counted):
            edits[record][id] = (count, run)
        key = (read_property(connection, "corpus_id") or "").encode()
        answers: dict[tuple[int, int], str] = {}
        latest: dict[int, str] = {}
        applied = select(found.image_id, found.run_id, found.annotator).where(found.state == "applied")
        for image_id, run, name in connection.execute(applied.order_by(found.updated_at, found.annotation_id)):
            latest[image_id] = answers[image_id, run] = pseudonym(name, key)
        reviews = frozenset(connection.execute(select(runs.id).where(runs.step == _REVIEW)).scalars())
        return cls(edits, reviews, answers, latest)

    def of(self, record: str, row: Row) -> tuple[int, str | None]:
        """How often a record was edited, and the pseudonym of the person who had the last word on it, or None."""
        edits, run = self.edits[record].get(row["id"], (0, row["run_id"]))
        if run not in self.reviews:
            return edits, None
        return edits, self.answers.get((row["image_id"], run)) or self.latest.get(row["image_id"])


def pseudonym(name: str, key: bytes) -> str:
    """What a person is called in releases.

    >>> pseudonym("ana@example.org", b"key")
    'annotator-40ec5d44'
    """
    return f"annotator-{hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:8]}"


def runs_table(connection: Connection, used: set[int]) -> pa.Table:
    """The runs that made or last changed records of a release, by id; without times, addresses and paths."""
    runs = schema.runs.c
    rows = []
    for id, step, parameters in connection.execute(select(runs.id, runs.step, runs.parameters).order_by(runs.id)):
        if id in used:
            known = msgspec.json.decode(parameters)
            rows.append({"id": id, "step": step, "backend": known.get("backend"), "signature": known.get("signature")})
    return pa.Table.from_pylist(rows, schema=RUNS)
