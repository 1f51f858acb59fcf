"""Checks of what an ontology says, beyond what loading it refuses: names, relations, themes, retired ids.

A code that begins with E stops a release; one that begins with W is for a person to look at. The docstring of a check
is its message.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from mic21.ontology.coverage import coverage
from mic21.ontology.files import read_upkeep
from mic21.ontology.migrations import migrations
from mic21.ontology.names import Name
from mic21.ontology.ontology import Ontology

Place = tuple[str, str]  # key of the thing, what was found
Exists = Callable[[str], bool]

_SCRIPTS = {"bg": "CYRILLIC", "ru": "CYRILLIC", "sr": "CYRILLIC", "el": "GREEK"}
_FEWEST_ATTRIBUTES = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: of the check, such as `E102`.
        message: what the check looks for.
        key: of the category, subdomain, language …
        found: what stands there.
    """

    code: str
    message: str
    key: str
    found: str

    @property
    def is_error(self) -> bool:
        """Whether it stops a release."""
        return self.code.startswith("E")


def lint(ontology: Ontology, *, synset_exists: Exists | None = None) -> list[Finding]:
    """Everything that the checks find, in their order.

    Args:
        ontology: to check.
        synset_exists: says whether WordNet 3.0 has a synset, `09915834-n`; without it nobody asks. For one, see
            `mic21.ontology.link.wordnet.exists_in`.

    Raises:
        OntologyError: a name file, loanwords.tsv or migrations.tsv breaks the format.
    """
    found = [_findings(code, check, check(ontology)) for code, check in CHECKS.items()]
    if synset_exists is not None:
        found += [_findings(code, check, check(ontology, synset_exists)) for code, check in WORDNET_CHECKS.items()]
    return [finding for findings in found for finding in findings]


def _findings(code: str, check: object, places: Iterable[Place]) -> list[Finding]:
    return [Finding(code, (check.__doc__ or "").strip(), key, found) for key, found in places]


def _wrong_script(ontology: Ontology) -> Iterator[Place]:
    """A name has letters of another script than its language's."""
    for language in ontology.languages():
        script = _SCRIPTS.get(language.partition("-")[0], "LATIN") if "-Latn" not in language else "LATIN"
        for entry in ontology.names(language):
            for name in _all_names(entry):
                stray = [letter for letter in name if letter.isalpha() and not _is_of(letter, script)]
                if stray:
                    yield entry.key, f"{language}: {name!r} has {''.join(stray)}"


def _same_name(ontology: Ontology) -> Iterator[Place]:
    """Two categories of one subdomain have the same name: nobody could choose."""
    for language in ontology.languages():
        for subdomain in ontology.subdomains():
            keys: dict[str, list[str]] = defaultdict(list)
            for category in ontology.categories(subdomain.key):
                if name := category.name(language):
                    keys[name.casefold()].append(category.key)
            for name, same in keys.items():
                if len(same) > 1:
                    yield subdomain.key, f"{language}: {name!r} is {' and '.join(same)}"


def _language_empty(ontology: Ontology) -> Iterator[Place]:
    """A language of MIC21 has no names."""
    for found in coverage(ontology):
        if not found.named:
            yield found.language, f"0 of {found.wanted} names"


def _name_missing(ontology: Ontology) -> Iterator[Place]:
    """A language has names, and some are missing."""
    for found in coverage(ontology):
        if found.named and found.missing:
            shown = ", ".join(key for _, key in found.missing[:5])
            yield found.language, f"{len(found.missing)} missing: {shown}{' …' if len(found.missing) > 5 else ''}"


def _english_copied(ontology: Ontology) -> Iterator[Place]:
    """A name is the English one, and loanwords.tsv does not say that speakers use it."""
    english = {(entry.kind, entry.key): entry.name for entry in ontology.names("en")}
    known = {tuple(row.fields.values()) for row in read_upkeep(ontology.folders, "loanwords")}
    for language in ontology.languages():
        if language.partition("-")[0] == "en":
            continue
        for entry in ontology.names(language):
            same = english.get((entry.kind, entry.key))
            if not (entry.name and same) or (language, entry.kind, entry.key) in known:
                continue
            if entry.name.casefold() == same.casefold():
                yield entry.key, f"{language}: {entry.name!r}"


def _synonym_of_another(ontology: Ontology) -> Iterator[Place]:
    """A synonym is the name of another category of the same subdomain."""
    for language in ontology.languages():
        seen: set[tuple[str, str]] = set()
        for subdomain in ontology.subdomains():
            drawn = ontology.categories(subdomain.key)
            names = {(category.name(language) or "").casefold(): category.key for category in drawn}
            for category in drawn:
                for synonym in category.synonyms(language):
                    other = names.get(synonym.casefold(), category.key)
                    if other != category.key and (category.key, other) not in seen:
                        seen.add((category.key, other))
                        yield category.key, f"{language}: {synonym!r} is the name of {other}"


def _same_predicate(ontology: Ontology) -> Iterator[Place]:
    """Two predicates have the same name: a page of relations could not tell them apart."""
    for language in ontology.languages():
        names: dict[str, str] = {}
        for predicate in ontology.predicates():
            if name := predicate.name(language):
                other = names.setdefault(name.casefold(), predicate.key)
                if other != predicate.key:
                    yield predicate.key, f"{language}: {name!r} is {other} too"


def _relation_both_ways(ontology: Ontology) -> Iterator[Place]:
    """A relation is stated from one side and again from the other."""
    inverses = {found.key: found.inverse for found in ontology.predicates()}
    stated = {(found.subject, found.predicate, found.object) for found in ontology.relations()}
    for subject, predicate, object in sorted(stated):
        inverse = inverses[predicate]
        if inverse and predicate <= inverse and (object, inverse, subject) in stated:
            yield subject, f"{subject} {predicate} {object}, {object} {inverse} {subject}"


def _relation_circular(ontology: Ontology) -> Iterator[Place]:
    """A part is a part of itself, or a thing wears, rides or holds itself."""
    for predicate in ontology.predicates():
        relations = ontology.relations(predicate=predicate.key)
        for found in relations:
            if found.subject == found.object:
                yield found.subject, f"{found.subject} {predicate.key} itself"
    above: dict[str, list[str]] = defaultdict(list)
    for found in ontology.relations(predicate="part_of"):
        above[found.subject].append(found.object)
    try:
        TopologicalSorter(above).prepare()
    except CycleError as error:
        yield error.args[1][0], " part of ".join(reversed(error.args[1]))


def _retired_id(ontology: Ontology) -> Iterator[Place]:
    """A category has the id or key of one that was retired: ids are never used again."""
    for step in migrations(ontology):
        if step.operation != "rename" and (found := ontology.get_id(step.id)):
            yield found.key, f"id {step.id} was {step.key} ({step.operation} in {step.version})"
        if step.key in ontology and ontology[step.key].id != step.id:
            yield step.key, f"the key was id {step.id} until {step.version}"


def _migration_dangling(ontology: Ontology) -> Iterator[Place]:
    """A migration leads to a category that there neither is nor was."""
    steps = migrations(ontology)
    former = {step.key for step in steps}
    for step in steps:
        if step.target and step.target not in ontology and step.target not in former:
            yield step.key, f"{step.operation} to {step.target}"


def _few_attributes(ontology: Ontology) -> Iterator[Place]:
    """A subdomain has fewer than four attribute categories."""
    for subdomain in ontology.subdomains():
        attributes = ontology.categories(subdomain.key, role="attribute")
        if len(attributes) < _FEWEST_ATTRIBUTES:
            yield subdomain.key, f"{len(attributes)}: {', '.join(found.key for found in attributes)}"


def _unused(ontology: Ontology) -> Iterator[Place]:
    """A category is drawn in no subdomain and above none that is, and no label of a model means it."""
    labelled = {key for label_set in ontology.label_sets() for key in ontology.label_map(label_set).values()}
    labelled |= {above.key for key in labelled for above in ontology.ancestors(key)}
    for category in ontology:
        if category.key not in labelled and not ontology.roles(category.key):
            yield category.key, category.definition


def _synset_gone(ontology: Ontology, exists: Exists) -> Iterator[Place]:
    """The synset of a category is none of WordNet 3.0."""
    for category in ontology:
        if category.synset and not exists(category.synset):
            yield category.key, category.synset


def _all_names(entry: Name) -> Iterator[str]:
    yield from filter(None, (entry.name, *entry.synonyms, entry.plural))


def _is_of(letter: str, script: str) -> bool:
    # A capital stands for a shape anywhere: V-neck, T-shirt.
    return unicodedata.name(letter, "").startswith(script) or "A" <= letter <= "Z" or letter in "ªº"


CHECKS: dict[str, Callable[[Ontology], Iterator[Place]]] = {
    # 100: names
    "E101": _wrong_script,
    "E102": _same_name,
    "E103": _language_empty,
    "E104": _english_copied,
    "W105": _name_missing,
    "W106": _synonym_of_another,
    "E107": _same_predicate,
    # 200: relations
    "E201": _relation_both_ways,
    "E202": _relation_circular,
    # 300: history
    "E301": _retired_id,
    "E302": _migration_dangling,
    # 400: themes
    "W401": _few_attributes,
    "W402": _unused,
}
WORDNET_CHECKS: dict[str, Callable[[Ontology, Exists], Iterator[Place]]] = {
    # 500: WordNet
    "E501": _synset_gone,
}
