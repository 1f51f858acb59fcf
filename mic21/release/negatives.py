"""Honest negatives: which categories somebody looked for in an image, and which of them it does not show.

A reviewer who says "every object of these classes is marked" has looked for what is drawn in the subdomain of that
page. An import may say it too: LVIS in `neg_category_ids`, a release of ours in `checked` and `absent`. Where nobody
said so, both lists are null: absence of a mask then means nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.store import Corpus

Row = Mapping[str, Any]


class _Complete(msgspec.Struct):
    """The part of a review's answer that counts here."""

    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Negatives:
    """What is known of absence.

    Attributes:
        checked: image → ids of the categories that a reviewer looked for.
        shown: image → ids of the categories that some annotation, a draft too, or one below it says it shows.
        withheld: ids of categories that the release does not hold.
    """

    checked: Mapping[int, frozenset[int]]
    shown: Mapping[int, frozenset[int]]
    withheld: frozenset[int]

    @classmethod
    def read(cls, corpus: Corpus, connection: Connection, withheld: frozenset[int]) -> "Negatives":
        """Look it up in a corpus."""
        checked = _reviewed(corpus, connection)
        claims = _images_with_claims(connection) | checked.keys()
        return cls(checked, _shown(corpus, connection, claims), withheld)

    def of(self, image: Row) -> dict[str, list[int] | None]:
        """`checked` and `absent` of an image: ids in order, None where nobody looked."""
        checked = set(self.checked.get(image["id"], ()))
        absent = set(checked)
        if image["attributes"] and ("neg_category_ids" in image["attributes"] or "absent" in image["attributes"]):
            claims = msgspec.json.decode(image["attributes"])
            negative = {*_ids(claims.get("neg_category_ids")), *_ids(claims.get("absent"))}
            checked |= negative | set(_ids(claims.get("checked")))
            absent |= negative
        if not checked:
            return {"checked": None, "absent": None}
        checked -= self.withheld
        absent -= self.withheld | self.shown.get(image["id"], frozenset())
        return {"checked": sorted(checked), "absent": sorted(absent)}


def _ids(value: object) -> Sequence[int]:
    return [id for id in value if isinstance(id, int)] if isinstance(value, list) else []


def _reviewed(corpus: Corpus, connection: Connection) -> dict[int, frozenset[int]]:
    answers, projects = schema.review_answers, schema.review_projects
    statement = (
        select(answers.c.image_id, answers.c.answer, projects.c.subdomain)
        .join(projects, projects.c.id == answers.c.review_project_id)
        .where(answers.c.state == "applied")
    )
    known = {found.key for found in corpus.ontology.subdomains()}
    checked: dict[int, frozenset[int]] = {}
    for image_id, answer, subdomain in connection.execute(statement):
        if subdomain in known and msgspec.json.decode(answer, type=_Complete).is_complete:
            drawn = frozenset(category.id for category in corpus.ontology.categories(subdomain))
            checked[image_id] = checked.get(image_id, frozenset()) | drawn
    return checked


def _images_with_claims(connection: Connection) -> set[int]:
    images = schema.images.c
    claims = images.attributes.like('%"neg_category_ids"%') | images.attributes.like('%"absent"%')
    return set(connection.execute(select(images.id).where(claims)).scalars())


def _shown(corpus: Corpus, connection: Connection, images: set[int]) -> dict[int, frozenset[int]]:
    if not images:
        return {}
    annotations = schema.annotations.c
    statement = select(annotations.image_id, annotations.category_id).where(annotations.status != "rejected").distinct()
    linked = corpus.linked_categories(connection)
    with_above: dict[int, frozenset[int]] = {}
    shown: dict[int, frozenset[int]] = {}
    for image_id, category_id in connection.execute(statement):
        if image_id not in images:
            continue
        if category_id not in with_above:
            own = corpus.ontology.get_id(linked.get(category_id, category_id))
            above = [own.id, *(found.id for found in corpus.ontology.ancestors(own.key))] if own else []
            with_above[category_id] = frozenset({category_id, *above})
        shown[image_id] = shown.get(image_id, frozenset()) | with_above[category_id]
    return shown
