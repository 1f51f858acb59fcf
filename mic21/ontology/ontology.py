"""The ontology in memory: loading it, and asking it.

Rows are read and checked at once, names only when a language is first asked for, so that loading costs a few
milliseconds and a lookup is a lookup in a dictionary.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from mic21.errors import OntologyError
from mic21.ontology.checks import Tables
from mic21.ontology.files import digest_of, read_folders, read_labels
from mic21.ontology.graph import distance, reached, shortest_way_up
from mic21.ontology.names import Name, Names, unknown
from mic21.ontology.rows import PACKAGED
from mic21.ontology.search import Match, SearchIndex, by_name
from mic21.ontology.values import Category, Domain, Predicate, Relation, Role, Subdomain, category_of, predicate_of

if TYPE_CHECKING:
    import pyarrow as pa

_SYNSET_PREFIX = "eng-30-"
_ROLES: tuple[Role, ...] = ("dominant", "attribute", "parent")


class Ontology:
    """Domains, subdomains, categories and the relations between them.

    Wherever a category is asked for, its key and its synset do: `chess_player`, `09915834-n`, `eng-30-09915834-n`.

    Attributes:
        version: version of the packaged data.
        folders: where its files lie: the packaged folder, then the corpus's own.
    """

    def __init__(self, tables: Tables, names: Names, *, version: str, folders: tuple[Path, ...]) -> None:
        """Index rows that were checked; use `Ontology.load`."""
        self.version = version
        self._names = names
        self.folders = folders
        self._domains = {row.fields["key"]: Domain(row.fields["key"], names) for row in tables["domains"]}
        self._subdomains = {
            row.fields["key"]: Subdomain(row.fields["key"], row.fields["domain"], names) for row in tables["subdomains"]
        }
        categories = sorted((category_of(row, names) for row in tables["categories"]), key=lambda found: found.id)
        self._categories = {category.key: category for category in categories}
        self._by_id = {category.id: category for category in categories}
        self._by_synset = {category.synset: category for category in categories if category.synset}
        self._parents = {category.key: category.parents for category in categories}
        self._children: dict[str, list[str]] = {key: [] for key in self._parents}
        for category in categories:
            for parent in category.parents:
                self._children[parent].append(category.key)
        self._drawn: dict[str, dict[str, Role]] = {key: {} for key in self._subdomains}
        for row in tables["memberships"]:
            self._drawn[row.fields["subdomain"]][row.fields["category"]] = cast(Role, row.fields["role"])
        self._predicates = {row.fields["key"]: predicate_of(row, names) for row in tables["predicates"]}
        self._relations = tuple(Relation(**row.fields) for row in tables["relations"])
        self._label_maps: dict[str, Mapping[str, str]] = {}
        self._found: dict[str, dict[str, str]] = {}
        self._searches: dict[str | None, SearchIndex] = {}

    @classmethod
    def load(cls, local: Path | None = None) -> "Ontology":
        """The packaged ontology, with a corpus's own additions if it has some.

        Args:
            local: a folder with any of the files of the packaged one, whose rows are added. It may not change a
                packaged row; its categories have ids from 900001 on.

        Raises:
            OntologyError: files that break the format: every problem, with its file, line and column.

        >>> Ontology.load()["chess_player"].name("bg")
        'шахматист'
        """
        folders = (PACKAGED,) if local is None else (PACKAGED, Path(local))
        tables, names = read_folders(folders)
        version = (PACKAGED / "VERSION").read_text(encoding="utf-8").strip()
        return cls(tables, names, version=version, folders=folders)

    def with_ili(self, synsets: Mapping[str, str]) -> "Ontology":
        """The same ontology, with the interlingual index of each synset.

        Args:
            synsets: interlingual index → WordNet 3.0 offset, as `mic21.ontology.link.readers.read_ili` gives it.
        """
        found = {synset: ili for ili, synset in synsets.items()}
        other = copy(self)
        other._categories = {
            key: replace(category, ili=found.get(category.synset or "", category.ili))
            for key, category in self._categories.items()
        }
        other._by_id = {category.id: category for category in other._categories.values()}
        other._by_synset = {category.synset: category for category in other._categories.values() if category.synset}
        return other

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over the paths and bytes of every data file, a corpus's own ones included."""
        return digest_of(self.folders)

    # One category

    def __getitem__(self, key: str) -> Category:
        """The category of a key or synset.

        Raises:
            OntologyError: there is none; the message has the nearest keys.
        """
        found = self.get(key)
        if found is None:
            raise unknown("category", key, self._categories)
        return found

    def get(self, key: str) -> Category | None:
        """The category of a key or synset, or None."""
        return self._categories.get(key) or self._by_synset.get(key.removeprefix(_SYNSET_PREFIX))

    def by_id(self, id: int) -> Category:
        """The category of an id.

        Raises:
            OntologyError: there is none.
        """
        found = self._by_id.get(id)
        if found is None:
            raise OntologyError(f"unknown category id {id}; ids run from {min(self._by_id)} to {max(self._by_id)}")
        return found

    def get_id(self, id: int) -> Category | None:
        """The category of an id, or None."""
        return self._by_id.get(id)

    def by_synset(self, synset: str) -> Category:
        """The category of a WordNet 3.0 offset, `09915834-n` or `eng-30-09915834-n`.

        Raises:
            OntologyError: there is none.
        """
        found = self._by_synset.get(synset.removeprefix(_SYNSET_PREFIX))
        if found is None:
            raise OntologyError(f"unknown synset {synset!r}; expected the WordNet 3.0 offset of a category")
        return found

    def find(self, text: str, *, language: str = "en") -> Category | None:
        """The category that a key, a synset, or a name in a language means, or None.

        Case does not count in names. A display name wins over a synonym, and the lower id over the higher.

        >>> Ontology.load().find("Chess player").key
        'chess_player'
        """
        if found := self.get(text):
            return found
        if language not in self._found:
            self._found[language] = by_name(self._category_names(language))
        key = self._found[language].get(text.casefold())
        return self._categories[key] if key else None

    def __contains__(self, key: object) -> bool:
        """Whether there is a category of a key or synset."""
        return isinstance(key, str) and self.get(key) is not None

    def __iter__(self) -> Iterator[Category]:
        """Every category, by id."""
        return iter(self._categories.values())

    def __len__(self) -> int:
        """How many categories there are."""
        return len(self._categories)

    # Themes and roles

    def domains(self) -> tuple[Domain, ...]:
        """Every domain."""
        return tuple(self._domains.values())

    def subdomains(self, domain: str | None = None) -> tuple[Subdomain, ...]:
        """Every subdomain, or those of a domain.

        Raises:
            OntologyError: there is no such domain.

        >>> [subdomain.key for subdomain in Ontology.load().subdomains("security")][:3]
        ['traffic_police', 'fire_engine', 'fireman']
        """
        if domain is not None and domain not in self._domains:
            raise unknown("domain", domain, self._domains)
        return tuple(found for found in self._subdomains.values() if domain in (None, found.domain))

    def subdomain(self, key: str) -> Subdomain:
        """The subdomain of a key.

        Raises:
            OntologyError: there is none.
        """
        if key not in self._subdomains:
            raise unknown("subdomain", key, self._subdomains)
        return self._subdomains[key]

    def categories(
        self, subdomain: str | None = None, domain: str | None = None, role: Role | None = None
    ) -> tuple[Category, ...]:
        """The categories of a subdomain, of a domain, or of all: dominant before attribute before parent, then by id.

        Args:
            subdomain: key of a subdomain.
            domain: key of a domain.
            role: `dominant`, `attribute` (drawn with the dominant one), or `parent` (above a drawn one, never drawn
                itself). None stands for those that are drawn; for every category if no theme is given either.

        Raises:
            OntologyError: there is no such subdomain, domain or role.

        >>> [category.key for category in Ontology.load().categories(subdomain="chess", role="dominant")]
        ['chess_player']
        """
        if role is not None and role not in _ROLES:
            raise unknown("role", role, _ROLES)
        if subdomain is None and domain is None and role is None:
            return tuple(self)
        themes = [found.key for found in self.subdomains(domain)]
        if subdomain is not None:
            themes = [key for key in themes if key == self.subdomain(subdomain).key]
        best: dict[str, int] = {}
        for theme in themes:
            of_theme = self._drawn[theme] if role is None else self._with_role(theme, role)
            for key, found in of_theme.items():
                best[key] = min(best.get(key, len(_ROLES)), _ROLES.index(found))
        return tuple(
            self._categories[key] for key in sorted(best, key=lambda key: (best[key], self._categories[key].id))
        )

    def dominant(self, subdomain: str) -> Category:
        """The main player of a subdomain.

        >>> Ontology.load().dominant("chess").key
        'chess_player'
        """
        return self.categories(self.subdomain(subdomain).key, role="dominant")[0]

    def roles(self, key: str) -> Mapping[str, Role]:
        """Subdomain → role of a category, for each subdomain that it has a role in, `parent` included."""
        key = self[key].key
        found = {theme: self._drawn[theme].get(key) or self._derived[theme].get(key) for theme in self._subdomains}
        return {theme: role for theme, role in found.items() if role}

    # Above, below and beside

    def parents(self, key: str) -> tuple[Category, ...]:
        """The nearest categories above one."""
        return tuple(self._categories[parent] for parent in self[key].parents)

    def children(self, key: str) -> tuple[Category, ...]:
        """The nearest categories below one, by id."""
        return tuple(self._categories[child] for child in self._children[self[key].key])

    def path(self, key: str) -> tuple[Category, ...]:
        """The shortest way from a category to a top, itself first; `mic21.ontology.query.paths` gives all of them.

        >>> [category.key for category in Ontology.load().path("violin")]
        ['violin', 'stringed_instrument', 'musical_instrument']
        """
        return tuple(self._categories[found] for found in shortest_way_up(self._parents, self[key].key))

    def distance(self, a: str, b: str) -> int | None:
        """The number of links on the shortest way between two categories by what is above both; None if nothing is.

        >>> Ontology.load().distance("violin", "cello")
        2
        """
        return distance(self._parents, self[a].key, self[b].key)

    def ancestors(self, key: str) -> tuple[Category, ...]:
        """Every category above one, nearest first, then by key."""
        return tuple(self._categories[above] for above in reached(self._parents, self[key].key))

    def under(self, key: str, *, include_self: bool = False) -> tuple[Category, ...]:
        """Every category below one, by id.

        >>> onto = Ontology.load()
        >>> onto["ambulance"] in onto.under("vehicle")
        True
        """
        start = self[key]
        keys = reached(self._children, start.key)
        below = sorted((self._categories[found] for found in keys), key=lambda found: found.id)
        return (start, *below) if include_self else tuple(below)

    def relations(
        self, subject: str | None = None, predicate: str | None = None, object: str | None = None
    ) -> tuple[Relation, ...]:
        """The relations of a subject, a predicate and an object, or of any.

        These are the stated ones; for a predicate that is the inverse of another, what follows from that one's too.

        Raises:
            OntologyError: there is no such category or predicate.

        >>> [found.subject for found in Ontology.load().relations(predicate="played_by", object="violinist")]
        ['violin']
        """
        stated = self._relations
        if predicate is not None:
            if predicate not in self._predicates:
                raise unknown("predicate", predicate, self._predicates)
            inverse = self._predicates[predicate].inverse
            turned = (
                Relation(found.object, predicate, found.subject) for found in stated if found.predicate == inverse
            )
            stated = tuple(dict.fromkeys((*(found for found in stated if found.predicate == predicate), *turned)))
        subject = None if subject is None else self[subject].key
        object = None if object is None else self[object].key
        return tuple(found for found in stated if subject in (None, found.subject) and object in (None, found.object))

    def predicates(self) -> tuple[Predicate, ...]:
        """Every kind of relation."""
        return tuple(self._predicates.values())

    # Names and labels

    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags of the languages that have names."""
        return self._names.languages

    def name(self, key: str, language: str) -> str | None:
        """The display name of a category in a language, or None."""
        return self[key].name(language)

    def names(self, language: str) -> tuple[Name, ...]:
        """Every entry of a language's files: domains, subdomains, categories and predicates."""
        return tuple(self._names.table(language).values())

    def search(self, word: str, *, language: str | None = None, limit: int = 20) -> tuple[Match, ...]:
        """The categories that a word names in any language, best first.

        Case, accents, script and one wrong letter do not count, and the beginning of a word is enough; what fits better
        comes first, display names before synonyms.

        Args:
            word: a name or its beginning, in any of the scripts, or in Latin letters.
            language: only names of this language.
            limit: at most so many.

        Raises:
            OntologyError: there is no such language.

        >>> onto = Ontology.load()
        >>> [(match.key, match.language, match.how) for match in onto.search("sahmatist", limit=1)]
        [('chess_player', 'bg', 'folded')]
        """
        if language not in self._searches:
            languages = self.languages() if language is None else (language,)
            self._searches[language] = SearchIndex(
                (found, entry) for found in languages for entry in self._category_names(found)
            )
        return tuple(
            Match(self._categories[key], name, found, how)
            for key, name, found, how in self._searches[language].search(word, limit)
        )

    def label_map(self, label_set: str) -> Mapping[str, str]:
        """Label → category key, for the labels of a model that some category covers.

        Raises:
            OntologyError: there is no such label set, or its file breaks the format.

        >>> Ontology.load().label_map("coco-80")["sports ball"]
        'ball'
        """
        if label_set not in self._label_maps:
            files = [path for folder in self.folders if (path := folder / "labels" / f"{label_set}.tsv").exists()]
            if not files:
                raise unknown("label set", label_set, self.label_sets())
            self._label_maps[label_set] = MappingProxyType(read_labels(files, self._categories))
        return self._label_maps[label_set]

    def label_sets(self) -> tuple[str, ...]:
        """The names of the label sets, such as `coco-80`."""
        return tuple(sorted({path.stem for folder in self.folders for path in (folder / "labels").glob("*.tsv")}))

    def to_table(self) -> "pa.Table":
        """The categories as an Arrow table; `mic21.ontology.tables` has those of names and subdomains too."""
        from mic21.ontology.tables import categories_table  # pyarrow takes longer to import than everything else here

        return categories_table(self)

    # Inside

    @cached_property
    def _derived(self) -> dict[str, dict[str, Role]]:
        """The parents of each subdomain: all that is above a drawn category and is not drawn there."""
        return {
            theme: {above: "parent" for key in drawn for above in reached(self._parents, key) if above not in drawn}
            for theme, drawn in self._drawn.items()
        }

    def _with_role(self, theme: str, role: Role) -> dict[str, Role]:
        if role == "parent":
            return self._derived[theme]
        return {key: found for key, found in self._drawn[theme].items() if found == role}

    def _category_names(self, language: str) -> list[Name]:
        entries = [entry for entry in self._names.table(language).values() if entry.kind == "category"]
        return sorted(entries, key=lambda entry: self._categories[entry.key].id)
