"""What became of categories that the ontology no longer has: recorded, so that corpora can follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from mic21.ontology.files import read_upkeep
from mic21.ontology.ontology import Ontology

Operation = Literal["rename", "merge", "split", "retire"]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a category's history.

    Attributes:
        version: of the ontology that made it.
        operation: `rename` gives a category another key; `merge` puts it into another; `split` puts it into others, by
            subdomain; `retire` drops it, into a broader one or into none.
        id: of the category as it was; a rename keeps it, the others retire it for good.
        key: as it was.
        target: key of the category that takes its place, or None.
        subdomain: where a split's target holds; None for everywhere else.
        note: why.
    """

    version: str
    operation: Operation
    id: int
    key: str
    target: str | None
    subdomain: str | None
    note: str


def migrations(ontology: Ontology) -> tuple[Migration, ...]:
    """Every recorded migration, in the order of the files.

    Raises:
        OntologyError: every problem of the files.
    """
    return tuple(
        Migration(
            version=row.fields["version"],
            operation=cast(Operation, row.fields["operation"]),
            id=int(row.fields["id"]),
            key=row.fields["key"],
            target=row.fields["target"] or None,
            subdomain=row.fields["subdomain"] or None,
            note=row.fields["note"],
        )
        for row in read_upkeep(ontology.folders, "migrations")
    )


def successors(ontology: Ontology) -> Mapping[int, Mapping[str | None, str | None]]:
    """Retired id → subdomain → key of what takes its place there, None standing for everywhere else and for nothing.

    Chains are followed: what was merged into a category that was retired later goes to that one's successor.
    """
    found: dict[int, dict[str | None, str | None]] = {}
    ids: dict[str, int] = {}
    renamed: dict[str, str | None] = {}
    for step in migrations(ontology):
        if step.operation == "rename":
            renamed[step.key] = step.target
        else:
            found.setdefault(step.id, {})[step.subdomain] = step.target
            ids[step.key] = step.id

    def settled(target: str | None, subdomain: str | None) -> str | None:
        seen: set[str] = set()
        while target is not None and target not in ontology and target not in seen:
            seen.add(target)
            if target in renamed:
                target = renamed[target]
            elif target in ids:
                by_subdomain = found[ids[target]]
                target = by_subdomain.get(subdomain, by_subdomain.get(None))
        return target

    return {id: {place: settled(key, place) for place, key in places.items()} for id, places in found.items()}
