"""Which images a release holds, in which splits, and what it says of each: worked out before anything is written.

A plan keeps a few numbers an image; the images themselves are read from the database again for each file.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.licenses import UNKNOWN
from mic21.corpus.selection import Selection
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError
from mic21.release.license_policy import is_allowed
from mic21.release.manifest import BelowFloor, LeftOut, LeftOutCaptions, LeftOutCategory
from mic21.release.negatives import Negatives
from mic21.release.splits import SplitRule, assign_splits, read_arrivals, straddling

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a corpus a release is to hold.

    Attributes:
        statuses: of the annotations, captions and interactions to let in.
        subdomains: only images of these; None for all.
        domains: only images of these; None for all.
        licenses: `permissive`, `nc-ok`, or SPDX expressions; None for all.
        min_instances: a category with fewer annotations is left out.
        languages: of captions; None for all.
        floor: a subdomain with fewer images is reported.
        allow_unknown_license: let in images whose licence nobody knows.
    """

    statuses: Sequence[str] = ("accepted",)
    subdomains: Sequence[str] | None = None
    domains: Sequence[str] | None = None
    licenses: str | Sequence[str] | None = None
    min_instances: int = 1
    languages: Sequence[str] | None = None
    floor: int = 0
    allow_unknown_license: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release holds.

    Attributes:
        splits: id → split of its images, ordered by id.
        subdomains: id → subdomain of its images.
        left_out: the other images, by reason.
        left_out_categories: whose annotations are not in it.
        left_out_captions: of its images, in languages that were not wanted.
        straddling: images of it that belong together and that edits or frozen splits have torn apart.
        selection: of the records to let in.
        withheld: ids of the categories of these.
        used_categories: ids of the categories that its annotations have.
        negatives: what was looked for in each image.
    """

    splits: Mapping[int, str]
    subdomains: Mapping[int, str | None]
    left_out: Sequence[LeftOut]
    left_out_categories: Sequence[LeftOutCategory]
    left_out_captions: Sequence[LeftOutCaptions]
    straddling: Sequence[Sequence[int]]
    selection: Selection
    withheld: frozenset[int]
    used_categories: frozenset[int]
    negatives: Negatives

    def image_rows(
        self, corpus: Corpus, connection: Connection, subdomain: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """The images ordered by id: rows of the release's table of images, with `extension` and `attributes`.

        Args:
            corpus: of the plan.
            connection: to read with.
            subdomain: only its images.
        """
        wanted = corpus.selection(subdomain=subdomain)
        domains = {found.key: found.domain for found in corpus.ontology.subdomains()}
        for row in corpus.image_rows(wanted, connection=connection):
            id = row["id"]
            if id in self.splits:
                names = {"source_file_name": row["file_name"], "file_name": f"{id:012d}.{row['extension']}"}
                more = {"split": self.splits[id], "domain": domains.get(row["subdomain"])}
                yield row | names | more | self.negatives.of(row)

    def takes(self, annotation: Row) -> bool:
        """Whether an annotation of the selection is in the release."""
        return annotation["image_id"] in self.splits and annotation["category_id"] not in self.withheld


def make_plan(corpus: Corpus, connection: Connection, scope: Scope, rule: SplitRule) -> Plan:
    """Decide which images are in a release, and why the others are not.

    Raises:
        ReleaseError: an image that should be in has no photograph, or no image is left.
    """
    selection = corpus.selection(status=list(scope.statuses), language=scope.languages)
    wanted = corpus.selection(subdomain=scope.subdomains, domain=scope.domains).subdomains
    seen = _images_with_records(connection, scope.statuses)
    drafts = _images_with_records(connection, ("draft",))
    images, runs, answers = schema.images, schema.runs, schema.review_answers
    imported = select(images.c.id).join(runs, runs.c.id == images.c.run_id).where(runs.c.step.like("import%"))
    answered = select(answers.c.image_id).where(answers.c.state == "applied")
    known = set(connection.execute(imported.union(answered)).scalars())  # without a record they are known to be empty
    nothing = f"nothing of status {', '.join(sorted(scope.statuses))}"
    reasons: dict[str, list[int]] = {
        reason: [] for reason in ("another subdomain", "unknown licence", "another licence", nothing)
    }
    chosen: dict[int, str | None] = {}
    missing: list[str] = []
    for row in corpus.image_rows(corpus.selection(), connection=connection):
        id = row["id"]
        if wanted is not None and row["subdomain"] not in wanted:
            reasons["another subdomain"].append(id)
        elif row["license"] == UNKNOWN and not scope.allow_unknown_license:
            reasons["unknown licence"].append(id)
        elif row["license"] != UNKNOWN and not is_allowed(row["license"], scope.licenses):
            reasons["another licence"].append(id)
        elif id not in seen and (id in drafts or id not in known):
            reasons[nothing].append(id)
        elif row["sha256"] is None:
            missing.append(f"image {id} ({row['file_name']})")
        else:
            chosen[id] = row["subdomain"]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ReleaseError(f"{shown}: no photograph was ever stored; import again with --images, or withdraw them")
    if not chosen:
        found = ", ".join(f"{len(ids)} {reason}" for reason, ids in reasons.items() if ids) or "the corpus has none"
        raise ReleaseError(
            f"no image is left: {found}; see --status, --licenses, --subdomain and --allow-unknown-license"
        )
    instances = _instances(connection, selection, chosen)
    left_out_categories = _rare_categories(corpus, connection, instances, scope.min_instances)
    withheld = frozenset(left.category_id for left in left_out_categories)
    arrivals = read_arrivals(connection)
    splits = assign_splits(arrivals, rule)
    return Plan(
        splits={id: splits[id] for id in chosen},
        subdomains=chosen,
        left_out=[LeftOut(reason=reason, images=ids) for reason, ids in reasons.items() if ids],
        left_out_categories=left_out_categories,
        left_out_captions=_other_languages(connection, scope, chosen),
        straddling=straddling((image for image in arrivals if image.id in chosen), splits, rule.series),
        selection=selection,
        withheld=withheld,
        used_categories=frozenset(instances) - withheld,
        negatives=Negatives.read(corpus, connection, withheld),
    )


def below_floor(corpus: Corpus, connection: Connection, plan: Plan, floor: int) -> list[BelowFloor]:
    """The subdomains that the corpus has images of, and the release fewer than a floor, the emptiest first."""
    chosen = Counter(plan.subdomains.values())
    in_all = Counter(row["subdomain"] for row in corpus.image_rows(corpus.selection(), connection=connection))
    found = [
        BelowFloor(subdomain=key, images=chosen[key], corpus=count)
        for key, count in in_all.items()
        if key is not None and chosen[key] < floor
    ]
    return sorted(found, key=lambda below: (below.images, below.subdomain))


def _images_with_records(connection: Connection, statuses: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for name in ("annotations", "captions"):
        table = schema.RECORDS[name]
        statement = select(table.c.image_id).where(table.c.status.in_(statuses)).distinct()
        found |= set(connection.execute(statement).scalars())
    return found


def _other_languages(connection: Connection, scope: Scope, images: Mapping[int, Any]) -> list[LeftOutCaptions]:
    """The captions of the images in languages that are not wanted, counted language by language."""
    if scope.languages is None:
        return []
    captions = schema.captions.c
    statement = select(captions.language, captions.image_id)
    statement = statement.where(captions.status.in_(scope.statuses), captions.language.not_in(scope.languages))
    counts = Counter(language for language, image_id in connection.execute(statement) if image_id in images)
    return [
        LeftOutCaptions(reason="another language", language=language, captions=count)
        for language, count in sorted(counts.items())
    ]


def _instances(connection: Connection, selection: Selection, images: Mapping[int, Any]) -> dict[int, int]:
    """Category → how many annotations of it are on the images."""
    annotations = schema.annotations.c
    statement = select(annotations.image_id, annotations.category_id)
    statement = statement.where(annotations.status.in_(selection.statuses or ()))
    counts: dict[int, int] = {}
    for part in connection.execute(statement, execution_options={"yield_per": 10_000}).partitions():
        for image_id, category_id in part:
            if image_id in images:
                counts[category_id] = counts.get(category_id, 0) + 1
    return counts


def _rare_categories(
    corpus: Corpus, connection: Connection, instances: Mapping[int, int], least: int
) -> list[LeftOutCategory]:
    """The categories with too few annotations; imported ones count together with those that they are linked to."""
    linked = corpus.linked_categories(connection)
    together: dict[int, int] = {}
    for id, count in instances.items():
        together[linked.get(id, id)] = together.get(linked.get(id, id), 0) + count
    names = corpus.category_names(connection)
    return [
        LeftOutCategory(
            reason=f"fewer than {least} instances",
            category_id=id,
            name=names[id][1] if id in names else str(id),
            annotations=count,
        )
        for id, count in sorted(instances.items())
        if together[linked.get(id, id)] < least
    ]
