"""What must hold across the rows of the ontology's files.

Each check gives one line a problem; its docstring says what it finds. All run, and all that they find is reported
together.
"""

from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from operator import itemgetter

from mic21.ontology.graph import reached
from mic21.ontology.rows import Row

FIRST_LOCAL_ID = 900001

Tables = Mapping[str, list[Row]]
Check = Callable[[Tables], Iterator[str]]


def check(tables: Tables) -> list[str]:
    """Every problem across the rows, in the order of `CHECKS`."""
    return [problem for one in CHECKS for problem in one(tables)]


def _repeated(tables: Tables) -> Iterator[str]:
    """A row says again, or changes, what an earlier one says."""
    unique: dict[str, list[tuple[str, ...]]] = {
        "domains": [("key",)],
        "subdomains": [("key",)],
        "categories": [("id",), ("key",), ("synset",)],
        "memberships": [("subdomain", "category")],
        "predicates": [("key",)],
        "relations": [("subject", "predicate", "object")],
    }
    for table, keys in unique.items():
        for columns in keys:
            first: dict[object, Row] = {}
            value_of = itemgetter(*columns)
            for row in tables[table]:
                value = value_of(row.fields)
                if value == "":
                    continue
                earlier = first.setdefault(value, row)
                if earlier is not row:
                    place = f"{earlier.path}:{earlier.line}"
                    rule = "; a corpus adds rows and changes none" if row.is_local and not earlier.is_local else ""
                    yield row.problem(
                        columns[-1], f"{'a new value' if len(columns) == 1 else 'a new row'}{rule} ({place} has it)"
                    )


def _id_out_of_range(tables: Tables) -> Iterator[str]:
    """A corpus's category has an id that a later version of the ontology may give away, or the other way round."""
    for row in tables["categories"]:
        id = row.fields["id"]
        if id.isdecimal() and (int(id) >= FIRST_LOCAL_ID) != row.is_local:
            expected = f"{FIRST_LOCAL_ID} or above in a corpus" if row.is_local else f"an id below {FIRST_LOCAL_ID}"
            yield row.problem("id", expected)


def _passport_incomplete(tables: Tables) -> Iterator[str]:
    """A category has one of synset and sense key, or neither and no reason."""
    for row in tables["categories"]:
        if row.fields["synset"] and not row.fields["sense_key"]:
            yield row.problem("sense_key", f"the sense key of {row.fields['synset']}")
        elif row.fields["sense_key"] and not row.fields["synset"]:
            yield row.problem("synset", f"the offset of {row.fields['sense_key']}")
        elif not row.fields["synset"] and not row.fields["reason"]:
            yield row.problem("reason", "why the category has no synset")


def _unknown_reference(tables: Tables) -> Iterator[str]:
    """A row names a domain, subdomain, category or predicate that there is not."""
    keys = {table: {row.fields["key"] for row in tables[table]} for table in KEYED}
    for table, column, target in REFERENCES:
        for row in tables[table]:
            for name in row.fields[column].split():
                if name not in keys[target]:
                    yield row.problem(column, f"a key of {target}.tsv")


def _cycle(tables: Tables) -> Iterator[str]:
    """A category is above itself."""
    rows = {row.fields["key"]: row for row in tables["categories"]}
    try:
        TopologicalSorter({key: row.fields["parents"].split() for key, row in rows.items()}).prepare()
    except CycleError as error:
        path = error.args[1]
        yield rows[path[0]].problem("parents", f"no way from a category to itself ({' > '.join(reversed(path))})")


def _not_one_dominant(tables: Tables) -> Iterator[str]:
    """A subdomain has no dominant category, or several."""
    dominant: dict[str, Row] = {}
    for row in tables["memberships"]:
        if row.fields["role"] == "dominant":
            first = dominant.setdefault(row.fields["subdomain"], row)
            if first is not row:
                found = f"{first.fields['category']} in {first.path}:{first.line}"
                yield row.problem("role", f"one dominant category a subdomain, it is {found}")
    for row in tables["subdomains"]:
        if row.fields["key"] not in dominant:
            yield row.problem("key", "a subdomain with a dominant category in memberships.tsv")


def _inverse_differs(tables: Tables) -> Iterator[str]:
    """The inverse of a predicate does not name it back."""
    inverses = {row.fields["key"]: row.fields["inverse"] for row in tables["predicates"]}
    for row in tables["predicates"]:
        key, inverse = row.fields["key"], row.fields["inverse"]
        if inverse and inverses.get(inverse) != key:
            yield row.problem("inverse", f"a predicate whose inverse is {key}")


def _outside_domain_or_range(tables: Tables) -> Iterator[str]:
    """A relation's subject or object is not what its predicate takes."""
    children: dict[str, list[str]] = {row.fields["key"]: [] for row in tables["categories"]}
    for row in tables["categories"]:
        for parent in row.fields["parents"].split():
            children.setdefault(parent, []).append(row.fields["key"])
    predicates = {row.fields["key"]: row.fields for row in tables["predicates"]}
    covered: dict[str, set[str]] = {}
    for row in tables["relations"]:
        predicate = predicates.get(row.fields["predicate"])
        for column, side in (("subject", "domain"), ("object", "range")):
            if predicate is None or not (tops := predicate[side]) or row.fields[column] not in children:
                continue
            if tops not in covered:
                covered[tops] = {below for top in tops.split() for below in (top, *reached(children, top))}
            if row.fields[column] not in covered[tops]:
                words = tops.replace(" ", " or ")
                yield row.problem(column, f"{words}, or a category below (the {side} of {predicate['key']})")


KEYED = ("domains", "subdomains", "categories", "predicates")
REFERENCES = (
    ("subdomains", "domain", "domains"),
    ("categories", "parents", "categories"),
    ("memberships", "subdomain", "subdomains"),
    ("memberships", "category", "categories"),
    ("predicates", "domain", "categories"),
    ("predicates", "range", "categories"),
    ("relations", "subject", "categories"),
    ("relations", "predicate", "predicates"),
    ("relations", "object", "categories"),
)
CHECKS: tuple[Check, ...] = (
    _repeated,
    _id_out_of_range,
    _passport_incomplete,
    _unknown_reference,
    _cycle,
    _not_one_dominant,
    _inverse_differs,
    _outside_domain_or_range,
)
