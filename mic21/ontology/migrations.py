"""What became of categories that the ontology no longer has: recorded, so that corpora can follow."""

from collections.abc import Iterable, Mapping
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

    Chains are followed: what was merged into a category that was retired or split later goes to that one's successor.
    """
    steps = migrations(ontology)
    targets = _targets(steps)
    keys = {step.id: step.key for step in steps if step.operation != "rename"}
    places = {None, *(step.subdomain for step in steps)}
    return {
        id: {place: _settled(ontology, targets, _target(targets, key, place), place) for place in places}
        for id, key in keys.items()
    }


def present_keys(ontology: Ontology) -> Mapping[str, str | None]:
    """Former key → key that the category has now, or of what took its place everywhere; None for nothing.

    Chains are followed, as `successors` does.
    """
    targets = _targets(migrations(ontology))
    return {key: _settled(ontology, targets, key, None) for key in targets if key not in ontology}


_Targets = Mapping[str, Mapping[str | None, str | None]]  # former key → subdomain or None → key in its place


def _targets(steps: Iterable[Migration]) -> _Targets:
    targets: dict[str, dict[str | None, str | None]] = {}
    for step in steps:
        targets.setdefault(step.key, {})[step.subdomain] = step.target
    return targets


def _settled(ontology: Ontology, targets: _Targets, key: str | None, subdomain: str | None) -> str | None:
    """The category of today at the end of a chain of former ones, or None where it leads to none."""
    seen: set[str] = set()
    while key is not None and key not in ontology:
        if key in seen:
            return None
        seen.add(key)
        key = _target(targets, key, subdomain)
    return key


def _target(targets: _Targets, key: str, subdomain: str | None) -> str | None:
    places = targets.get(key, {})
    return places.get(subdomain, places.get(None))
