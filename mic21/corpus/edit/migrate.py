"""A corpus follows its ontology."""

from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.edit.run import LIVE, Changes, EditReport, record_edit
from mic21.corpus.store import Corpus
from mic21.ontology.migrations import present_keys, successors


def migrate(corpus: Corpus) -> EditReport:
    """Follow the ontology: records of categories that it has retired go to what took their place.

    An annotation of a category that nothing took the place of becomes rejected. Imported categories stay linked when
    the key of theirs has changed. What a corpus has followed already, a second call leaves alone.

    Raises:
        OntologyError: migrations.tsv breaks the format.
    """
    ontology = corpus.ontology
    after = successors(ontology)
    keys = present_keys(ontology)

    def changes(connection: Connection) -> Changes:
        annotations, images, categories = schema.annotations, schema.images, schema.categories
        imported = set(connection.execute(select(categories.c.id)).scalars())
        statement = (
            select(annotations.c.id, annotations.c.category_id, annotations.c.status, images.c.subdomain)
            .join(images)
            .where(annotations.c.category_id.in_(after.keys() - imported))
        )
        found: dict[int, dict[str, Any]] = {}
        for id, category_id, status, subdomain in connection.execute(statement):
            places = after[category_id]
            key = places.get(subdomain, places.get(None))
            if key is not None:
                found[id] = {"category_id": ontology[key].id}
            elif status in LIVE:
                found[id] = {"status": "rejected"}
        former = select(categories.c.id, categories.c.key).where(categories.c.key.in_(keys))
        links = {id: {"key": keys[key]} for id, key in connection.execute(former)}
        return {"annotations": found, "categories": links}

    return record_edit(corpus, "migrate", {"ontology": ontology.version}, changes)
