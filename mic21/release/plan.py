"""Which images a release holds, under which names, in which splits: worked out before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.licenses import UNKNOWN
from mic21.corpus.selection import Selection
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError
from mic21.release.manifest import LeftOut
from mic21.release.splits import split_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release holds.

    Attributes:
        images: id → row of `mic21.corpus.tables.IMAGES` with `split`, and the release's `file_name` beside the
            `source_file_name`; ordered by id.
        left_out: the other images, by reason.
        selection: of the records to let in.
    """

    images: Mapping[int, Row]
    left_out: Sequence[LeftOut]
    selection: Selection


def make_plan(corpus: Corpus, connection: Connection, statuses: Sequence[str], allow_unknown_license: bool) -> Plan:
    """Decide which images are in a release, and why the others are not.

    Raises:
        ReleaseError: an image that should be in has no photograph, or no image is left.
    """
    selection = corpus.selection(status=list(statuses))
    seen = _images_with_records(connection, statuses)
    drafts = _images_with_records(connection, ("draft",))
    images, runs, answers = schema.images, schema.runs, schema.review_answers
    imported = select(images.c.id).join(runs, runs.c.id == images.c.run_id).where(runs.c.step == "import")
    answered = select(answers.c.image_id).where(answers.c.state == "applied")
    known = set(connection.execute(imported.union(answered)).scalars())  # without a record they are known to be empty
    chosen: dict[int, Row] = {}
    unknown: list[int] = []
    unseen: list[int] = []
    missing: list[str] = []
    for row in corpus.image_rows(corpus.selection(), connection=connection):
        id = row["id"]
        if row["license"] == UNKNOWN and not allow_unknown_license:
            unknown.append(id)
        elif id not in seen and (id in drafts or id not in known):
            unseen.append(id)
        elif row["sha256"] is None:
            missing.append(f"image {id} ({row['file_name']})")
        else:
            names = {"source_file_name": row["file_name"], "file_name": f"{id:012d}.{row['extension']}"}
            chosen[id] = row | names | {"split": split_of(row["group_key"])}
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ReleaseError(f"{shown}: no photograph was ever stored; import again with --images, or withdraw them")
    if not chosen:
        raise ReleaseError(
            f"no image is left: {len(unknown)} have an unknown licence (--allow-unknown-license), "
            f"{len(unseen)} have nothing of status {', '.join(statuses)} (--status)"
        )
    reasons = {"unknown licence": unknown, f"nothing of status {', '.join(sorted(statuses))}": unseen}
    return Plan(chosen, [LeftOut(reason=reason, images=ids) for reason, ids in reasons.items() if ids], selection)


def _images_with_records(connection: Connection, statuses: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for name in ("annotations", "captions"):
        table = schema.RECORDS[name]
        statement = select(table.c.image_id).where(table.c.status.in_(statuses)).distinct()
        found |= set(connection.execute(statement).scalars())
    return found
