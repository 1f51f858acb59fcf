"""Merges a person's answer into the corpus: what both sides last agreed on, what the person made of it, what is there.

What only the person changed is taken over; what only the corpus changed, or both, is a conflict: nothing happens to
that record, both versions stay, and the conflict is reported until somebody decides.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, next_id
from mic21.corpus.coco.document import bbox_text, segmentation_rle
from mic21.geometry import Rle, area
from mic21.review.answers import Answer, AnswerRegion, Broken, region_rle
from mic21.review.tasks import Base, BaseRegion, BaseText, digest_annotation

Prefer = Literal["neither", "theirs", "ours"]

_OWN_REGION = re.compile(r"a(\d+)(?:-\d+)?")
_LIVE = ("draft", "accepted")
Row = Mapping[str, Any]


@dataclass(slots=True)
class MergeReport:
    """What an answer did.

    Attributes:
        kept: drafts that were right.
        moved: masks that were changed.
        relabelled: annotations that got another category.
        deleted: annotations, captions and interactions that were rejected.
        added: annotations, captions and interactions that are new.
        rewritten: captions that were changed.
        conflicts: what both sides changed.
    """

    kept: int = 0
    moved: int = 0
    relabelled: int = 0
    deleted: int = 0
    added: int = 0
    rewritten: int = 0
    conflicts: list[str] = field(default_factory=list)


def merge_answer(
    connection: Connection,
    run_id: int,
    image: Row,
    base: Base,
    answer: Answer,
    *,
    linked: Mapping[int, int],
    broken: Broken,
    prefer: Prefer = "neither",
) -> tuple[Base, MergeReport]:
    """Take an answer over into the corpus.

    Args:
        connection: of a transaction of the caller's.
        run_id: of the pull.
        image: row of the image.
        base: what both sides last agreed on.
        answer: the person's.
        linked: imported category → the ontology's that it is shown as.
        broken: what could not be read: as if the person had not touched it.
        prefer: whose version counts where both changed; `neither` reports a conflict.

    Returns:
        What both sides agree on now, and what was done.
    """
    merge = _Merge(connection, run_id, image, base, answer, linked, broken, prefer)
    merge.regions()
    merge.texts()
    merge.interactions()
    merge.write()
    return merge.new_base, merge.report


class _Merge:
    """One answer on its way into the corpus; changes are gathered and written at the end."""

    def __init__(
        self,
        connection: Connection,
        run_id: int,
        image: Row,
        base: Base,
        answer: Answer,
        linked: Mapping[int, int],
        broken: Broken,
        prefer: Prefer,
    ) -> None:
        self.connection, self.run_id, self.image = connection, run_id, image
        self.base, self.answer, self.linked, self.broken, self.prefer = base, answer, linked, broken, prefer
        self.new_base = Base()
        self.report = MergeReport()
        self.changes: dict[str, dict[int, dict[str, Any]]] = {"annotations": {}, "captions": {}, "interactions": {}}
        self.fresh: dict[str, list[dict[str, Any]]] = {"annotations": [], "captions": [], "interactions": []}
        self.rows = {name: self._read(name) for name in self.changes}
        self.next_ids = {name: next_id(connection, schema.RECORDS[name]) for name in self.changes}
        self.annotation_of: dict[str, int] = {}  # region id of the answer → annotation
        self.unsettled: set[int] = set()  # annotations whose relations cannot be told from this answer

    def _read(self, record: str) -> dict[int, Row]:
        table = schema.RECORDS[record]
        statement = select(table).where(table.c.image_id == self.image["id"]).order_by(table.c.id)
        return {row["id"]: dict(row) for row in self.connection.execute(statement).mappings()}

    # Regions

    def regions(self) -> None:
        """Compare every annotation that was sent with what came back, then add what is new."""
        sent: dict[int, list[str]] = {}
        for id, region in self.base.regions.items():
            sent.setdefault(region.annotation, []).append(id)
        fresh: list[str] = []
        for id in self.answer.regions:
            if id in self.base.regions:
                continue
            found = _OWN_REGION.fullmatch(id)  # of an earlier prediction, which newer drafts have replaced since
            if found and int(found[1]) in self.rows["annotations"]:
                sent.setdefault(int(found[1]), []).append(id)
            else:
                fresh.append(id)
        for annotation, ids in sorted(sent.items()):
            if not self.broken.regions.isdisjoint(ids):
                self._keep_base(ids)
            else:
                self._sent_annotation(annotation, ids)
        for id in fresh:
            self._new_annotation(id, self.answer.regions[id])

    def _sent_annotation(self, annotation: int, ids: Sequence[str]) -> None:
        row = self.rows["annotations"].get(annotation)
        if row is None:
            return
        there = [id for id in ids if id in self.answer.regions]
        known = [self.base.regions[id] for id in ids if id in self.base.regions]
        ours = digest_annotation(row["category_id"], row["segmentation"])
        was_rejected = any(region.is_rejected for region in known)
        ours_changed = (row["status"] == "rejected") != was_rejected or any(region.stored != ours for region in known)
        if not there:
            self._deleted_annotation(row, ids, known, ours_changed)
            return
        # A part of a polygon that got a category of its own is an object of its own.
        category = self.answer.regions[there[0]].category
        for id in there[1:]:
            if self.answer.regions[id].category != category:
                self._new_annotation(id, self.answer.regions[id])
        parts = [id for id in there if self.answer.regions[id].category == category]
        moved = not (self._is_sent_mask(parts, ids) or self._is_stored_mask(row, parts))
        relabelled = category != (known[0].category if known else self._shown(row["category_id"]))
        is_new = moved or relabelled or any(region.is_deleted for region in known)
        if was_rejected and not is_new and not ours_changed:  # decided for the corpus before
            self._keep_base(ids)
            return
        takes_mask = moved or (ours_changed and self._mask_changed_here(row, parts, known))
        takes_category = relabelled or (ours_changed and category != self._shown(row["category_id"]))
        values = self._page_values(parts, mask=takes_mask, category=takes_category)
        after = {**row, **values}
        theirs = digest_annotation(after["category_id"], after["segmentation"])
        if theirs == ours and row["status"] != "rejected":
            ours_changed = False  # the page says what the corpus has
        what = "changed on both sides" if is_new else "changed in the corpus since it was sent"
        if self._decide(ours_changed, f"annotation {annotation}: {what}", ids):
            self.report.moved += moved
            self.report.relabelled += relabelled
            self.report.kept += not (moved or relabelled)
            self._change("annotations", row, values)
            self._agree(parts, annotation, category, theirs)
        elif self.prefer == "ours":
            self._agree(parts, annotation, category, ours, is_rejected=row["status"] == "rejected")
        self.annotation_of |= dict.fromkeys(parts, annotation)

    def _deleted_annotation(
        self, row: Row, ids: Sequence[str], known: Sequence[BaseRegion], ours_changed: bool
    ) -> None:
        """A region that is not on the page; it stays in the base, so that an answer which has it changes only that."""
        is_rejected = row["status"] == "rejected"
        if not is_rejected and (ours_changed or not all(region.is_deleted for region in known)):
            what = f"annotation {row['id']}: deleted by the person, changed in the corpus"
            is_rejected = self._decide(ours_changed, what, ids)
            if is_rejected:
                self._change("annotations", row, {"status": "rejected"})
                self.report.deleted += 1
            elif self.prefer == "neither":
                return
        if not is_rejected:
            self.unsettled.add(row["id"])
        stored = digest_annotation(row["category_id"], row["segmentation"])
        for id in ids:
            self.new_base.regions[id] = msgspec.structs.replace(
                self.base.regions[id], stored=stored, is_rejected=is_rejected, is_deleted=True
            )

    def _page_values(self, parts: Sequence[str], *, mask: bool, category: bool) -> dict[str, Any]:
        """The columns of an annotation that make it what the page says."""
        values: dict[str, Any] = {"status": "accepted"}
        if mask or category:
            values["origin"] = "human"
        if mask:
            values |= self._mask(parts)
        if category:
            values["category_id"] = self.answer.regions[parts[0]].category
        return values

    def _is_sent_mask(self, parts: Sequence[str], ids: Sequence[str]) -> bool:
        known = {id: self.base.regions[id].sent for id in ids if id in self.base.regions}
        return bool(known) and {id: self.answer.regions[id].digest for id in parts} == known

    def _is_stored_mask(self, row: Row, parts: Sequence[str]) -> bool:
        """Whether the page has the corpus's mask, pixel for pixel; polygons are never compared so."""
        size = self.image["height"], self.image["width"]
        polygons = any(not isinstance(self.answer.regions[id].segmentation, Mapping) for id in parts)
        return not polygons and len(parts) == 1 and self._rle(parts[0]) == segmentation_rle(row["segmentation"], *size)

    def _mask_changed_here(self, row: Row, parts: Sequence[str], known: Sequence[BaseRegion]) -> bool:
        """Whether the corpus's mask is neither the base's, whose digest is of category and mask, nor the page's."""
        categories = {row["category_id"], *(region.category for region in known)}
        categories |= {imported for imported, category in self.linked.items() if category in categories}
        digests = {digest_annotation(id, row["segmentation"]) for id in categories}
        return digests.isdisjoint(region.stored for region in known) and not self._is_stored_mask(row, parts)

    def _rle(self, id: str) -> Rle:
        return region_rle(self.answer.regions[id], self.image["height"], self.image["width"])

    def _mask(self, ids: Sequence[str]) -> dict[str, Any]:
        """The columns of an annotation's mask: run lengths of a brush, or all polygons as they were drawn."""
        regions = [self.answer.regions[id] for id in ids]
        segmentation = regions[0].segmentation
        if not isinstance(segmentation, Mapping):
            segmentation = [polygon for region in regions for polygon in region.segmentation]
        text = msgspec.json.encode(segmentation).decode()
        rle = segmentation_rle(text, self.image["height"], self.image["width"])
        return {"segmentation": text, "bbox": bbox_text(rle), "area": float(area(rle))}

    def _new_annotation(self, id: str, region: AnswerRegion) -> None:
        twin = self._twin(id, region)
        if twin is not None:  # another project's answer brought it already
            self._change("annotations", twin, {"status": "accepted"})
            stored = digest_annotation(twin["category_id"], twin["segmentation"])
            self._agree([id], twin["id"], region.category, stored)
            return
        values = self._mask([id])
        annotation = self._insert(
            "annotations",
            {"category_id": region.category, **values, "iscrowd": 0, "score": None, "attributes": None},
        )
        self.report.added += 1
        self._agree([id], annotation, region.category, digest_annotation(region.category, values["segmentation"]))

    def _twin(self, id: str, region: AnswerRegion) -> Row | None:
        taken = {known.annotation for known in (*self.base.regions.values(), *self.new_base.regions.values())}
        size = self.image["height"], self.image["width"]
        for row in self.rows["annotations"].values():
            if row["id"] in taken or row["status"] not in _LIVE or self._shown(row["category_id"]) != region.category:
                continue
            if segmentation_rle(row["segmentation"], *size) == self._rle(id):
                return row
        return None

    def _shown(self, category_id: int) -> int:
        return self.linked.get(category_id, category_id)

    def _agree(
        self, ids: Sequence[str], annotation: int, category: int, stored: str, *, is_rejected: bool = False
    ) -> None:
        for id in ids:
            self.annotation_of[id] = annotation
            sent = self.answer.regions[id].digest
            self.new_base.regions[id] = BaseRegion(annotation, category, sent, stored, is_rejected)

    def _keep_base(self, ids: Iterable[str]) -> None:
        for id in ids:
            if id in self.base.regions:
                self.new_base.regions[id] = self.base.regions[id]
                self.annotation_of[id] = self.base.regions[id].annotation
                self.unsettled.add(self.base.regions[id].annotation)

    # Captions

    def texts(self) -> None:
        """Compare every text that was sent with what stands there now."""
        for control in sorted(self.base.texts.keys() | self.answer.texts.keys()):
            kind, _, language = control.partition("-")
            base = self.base.texts.get(control)
            if control in self.broken.controls:
                if base:
                    self.new_base.texts[control] = base
                continue
            texts: Sequence[str] = self.answer.texts.get(control, [])
            row = self.rows["captions"].get(base.caption) if base else None
            if base and row:
                texts = self._sent_text(control, base, row, texts)
            for text in texts:
                caption = self._add_text(kind, language, text)
                self.new_base.texts.setdefault(control, BaseText(caption, text))

    def _sent_text(self, control: str, base: BaseText, row: Row, texts: Sequence[str]) -> Sequence[str]:
        """Decide about a caption that was sent; gives the texts beyond it. A rejected one is an empty text."""
        text = texts[0] if texts else ""
        stored = "" if row["status"] == "rejected" else row["text"]
        if base.sent == text and base.text == stored:  # decided for the corpus before
            self.new_base.texts[control] = base
            return texts[1:]
        ours_changed = stored not in (base.text, text)
        if not self._decide(ours_changed, f"caption {row['id']}: changed on both sides or in the corpus since", ()):
            self.new_base.texts[control] = base if self.prefer == "neither" else BaseText(row["id"], stored, text)
            return texts[1:]
        self.new_base.texts[control] = BaseText(row["id"], text)
        if text:
            values = {"status": "accepted"}
            if text != row["text"]:
                values |= {"text": text, "origin": "human"}
                self.report.rewritten += 1
            else:
                self.report.kept += 1
            self._change("captions", row, values)
        elif stored:
            self._change("captions", row, {"status": "rejected"})
            self.report.deleted += 1
        return texts[1:]

    def _add_text(self, kind: str, language: str, text: str) -> int:
        for row in self.rows["captions"].values():
            if (row["kind"], row["language"], row["text"]) == (kind, language, text) and row["status"] in _LIVE:
                self._change("captions", row, {"status": "accepted"})
                return int(row["id"])
        self.report.added += 1
        return self._insert("captions", {"language": language, "kind": kind, "text": text, "attributes": None})

    # Interactions

    def interactions(self) -> None:
        """Compare the relations between annotations with those that were sent."""
        theirs = {
            (self.annotation_of[subject], predicate, self.annotation_of[object])
            for subject, predicate, object in self.answer.relations
            if subject in self.annotation_of and object in self.annotation_of
        }
        unread = {frozenset(map(self.annotation_of.get, ends)) for ends in self.broken.relations}
        for id, sent in self.base.interactions.items():
            row = self.rows["interactions"].get(id)
            if row is None or row["status"] == "rejected":
                continue
            if sent in theirs:
                self._change("interactions", row, {"status": "accepted"})
                self.new_base.interactions[id] = sent
            elif not self.unsettled.isdisjoint((sent[0], sent[2])) or {sent[0], sent[2]} in unread:
                self.new_base.interactions[id] = sent
            else:
                self._change("interactions", row, {"status": "rejected"})
                self.report.deleted += 1
        known = set(self.base.interactions.values())
        live = [row for row in self.rows["interactions"].values() if row["status"] in _LIVE]
        for subject, predicate, object in sorted(theirs - known):
            triple = {"subject_id": subject, "predicate": predicate, "object_id": object}
            twin = next((row for row in live if triple.items() <= row.items()), None)
            if twin is not None:
                self._change("interactions", twin, {"status": "accepted"})
                self.new_base.interactions[twin["id"]] = (subject, predicate, object)
                continue
            id = self._insert("interactions", triple)
            self.report.added += 1
            self.new_base.interactions[id] = (subject, predicate, object)

    # Writing

    def _decide(self, ours_changed: bool, conflict: str, ids: Sequence[str]) -> bool:
        """Whether the person's version is taken; a conflict keeps the base, so that it shows again."""
        if not ours_changed or self.prefer == "theirs":
            return True
        if self.prefer == "neither":
            self.report.conflicts.append(conflict)
            self._keep_base(ids)
        return False

    def _change(self, record: str, row: Row, values: Mapping[str, Any]) -> None:
        self.changes[record].setdefault(row["id"], {}).update(values)

    def _insert(self, record: str, values: Mapping[str, Any]) -> int:
        id = self.next_ids[record] + len(self.fresh[record])
        own = {"id": id, "image_id": self.image["id"], **values}
        self.fresh[record].append(own | {"status": "accepted", "origin": "human", "run_id": self.run_id})
        return id

    def write(self) -> None:
        """Write what was gathered."""
        for record, rows in self.fresh.items():
            insert_rows(self.connection, schema.RECORDS[record], rows)
            change(self.connection, self.run_id, record, self.changes[record])
