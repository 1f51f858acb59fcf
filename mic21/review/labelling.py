"""The labelling page of a subdomain in a language, as Label Studio's XML, and the same read back by its own parser.

A category is shown by its name in the annotator's language; what comes back is its alias: the key, or `category-<id>`
for one that came with an import and is linked to none of the ontology's.
"""

import colorsys
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree as ET

from label_studio_sdk._extensions.label_studio_tools.core.label_config import parse_config
from label_studio_sdk._extensions.label_studio_tools.core.utils.exceptions import (
    LabelStudioXMLSyntaxErrorSentryIgnored,
)

from mic21.corpus.schema import CAPTION_KINDS
from mic21.corpus.store import Corpus
from mic21.errors import ReviewError
from mic21.ontology.values import Category, Role
from mic21.review.phrases import phrases

Masks = Literal["brush", "polygon"]

IMAGE = "image"
HINTS = "hints"  # the field of a task's data with what is doubtful in its drafted texts
REGIONS = "regions"  # the control that masks are drawn with
RELATIONS = "relations"
VERDICT, REASON, THEME, COMPLETE = "verdict", "reason", "theme", "complete"
KEEP, REJECT, ELSEWHERE = "keep", "reject", "elsewhere"
REASONS = ("blurred", "no_photograph", "duplicate", "private")

_TAGS: dict[Masks, str] = {"brush": "BrushLabels", "polygon": "PolygonLabels"}
_ROLES: tuple[tuple[Role, str], ...] = (("dominant", "main"), ("attribute", "around"), ("parent", "unsure"))
# None is a key of Label Studio's own tools. It gives those to whatever has no key, so everything has one of ours.
_KEYS = "1234567890qwtyasdfg"
_HOTKEYS = (*_KEYS, *(f"shift+{key}" for key in _KEYS[10:]), *(f"shift+alt+{key}" for key in _KEYS[10:]))
_CHOICE_HOTKEYS = dict(zip((KEEP, REJECT, ELSEWHERE, *REASONS, COMPLETE), "nxcjlozv", strict=True))
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # names come with imports, too
_GOLDEN = 0.6180339887498949  # spreads hues evenly, whatever the ids


@dataclass(frozen=True, slots=True)
class Labelling:
    """A labelling page, as its parser understands it.

    Attributes:
        xml: what the server gets.
        masks: the tool that masks are drawn with.
        language: BCP 47 tag of the annotators.
        categories: alias → category id.
        linked: id of an imported category → id of the ontology's that it is linked to, whose alias it is shown by.
        predicates: name in the language → key.
        controls: name of a control → its type in results, `brushlabels`.
        choices: name of a choice or label control → the values that it may have in results.
    """

    xml: str
    masks: Masks
    language: str
    categories: Mapping[str, int]
    linked: Mapping[int, int]
    predicates: Mapping[str, str]
    controls: Mapping[str, str]
    choices: Mapping[str, frozenset[str]]


def make_labelling(
    corpus: Corpus, subdomain: str, language: str, *, masks: Masks = "brush", others: Iterable[int] = ()
) -> Labelling:
    """The page on which images of a subdomain are annotated.

    Args:
        corpus: whose ontology names the categories.
        subdomain: key; its dominant, attribute and parent categories are offered, in this order.
        language: BCP 47 tag.
        masks: `brush`, which is exact, or `polygon`.
        others: ids of further categories that the images' drafts have.

    Raises:
        OntologyError: there is no such subdomain.
    """
    ontology, words = corpus.ontology, phrases(language)
    theme = ontology.subdomain(subdomain)
    view = ET.Element("View")
    ET.SubElement(view, "Header", value=theme.name(language) or theme.key)
    columns = ET.SubElement(view, "View", style="display: flex; gap: 1em")
    left = ET.SubElement(columns, "View", style="flex: 0 0 18em; max-height: 80vh; overflow-y: auto")
    labels = _Labels(ET.SubElement(left, _TAGS[masks], name=REGIONS, toName=IMAGE, showInline="false"))
    right = ET.SubElement(columns, "View", style="flex: 1")
    ET.SubElement(right, "Image", name=IMAGE, value=f"${IMAGE}", zoom="true", zoomControl="true", rotateControl="false")
    for role, heading in _ROLES:
        labels.add_group(
            words[heading], [_label(found, language) for found in ontology.categories(subdomain, role=role)]
        )
    names = corpus.imported_categories()
    linked = corpus.linked_categories()
    rest = sorted({linked.get(id, id) for id in others} - set(labels.categories.values()))
    of_ontology = [_label(found, language) for id in rest if (found := ontology.get_id(id))]
    imported = [(f"category-{id}", names[id][0], id, "") for id in rest if id in names and not ontology.get_id(id)]
    labels.add_group(words["other"], of_ontology + imported)
    relations = ET.SubElement(view, "Relations")
    for name in _predicates(corpus, language):
        ET.SubElement(relations, "Relation", value=name)
    for kind in CAPTION_KINDS:
        ET.SubElement(right, "Header", value=words[kind], size="4")
        rows = "1" if kind == "title" else "3"
        ET.SubElement(
            right,
            "TextArea",
            name=text_control(kind, language),
            toName=IMAGE,
            rows=rows,
            editable="true",
            maxSubmissions="1",
        )
    ET.SubElement(right, "Header", value=f"${HINTS}", size="5")
    _add_verdict(right, corpus, language, words)
    ET.indent(view)
    return read_labelling(corpus, ET.tostring(view, encoding="unicode"), language)


def read_labelling(corpus: Corpus, xml: str, language: str) -> Labelling:
    """A page as Label Studio's own parser understands it; labels that are none of ours have no category.

    Args:
        corpus: whose categories the aliases name.
        xml: the page.
        language: BCP 47 tag that it was made in.

    Raises:
        ReviewError: it is no page of ours.
    """
    controls: dict[str, str] = {}
    choices: dict[str, frozenset[str]] = {}
    try:
        parsed: Mapping[str, Any] = parse_config(xml)  # type: ignore[no-untyped-call]
    except (LabelStudioXMLSyntaxErrorSentryIgnored, ValueError) as error:
        raise ReviewError(f"labelling page: {error}") from error
    for name, control in parsed.items():
        controls[name] = control["type"].lower()
        attributes = control.get("labels_attrs") or {}
        choices[name] = frozenset(attributes[label].get("alias", label) for label in control["labels"])
    masks = next((masks for masks, tag in _TAGS.items() if controls.get(REGIONS) == tag.lower()), None)
    if masks is None:
        raise ReviewError(f"labelling page: expected masks of a control {REGIONS!r}, found {', '.join(controls)}")
    imported = corpus.imported_categories()
    categories: dict[str, int] = {}
    for alias in choices[REGIONS]:
        number = alias.removeprefix("category-")
        if found := corpus.ontology.get(alias):
            categories[alias] = found.id
        elif number.isdecimal() and int(number) in imported:
            categories[alias] = int(number)
    linked = corpus.linked_categories()
    return Labelling(xml, masks, language, categories, linked, _predicates(corpus, language), controls, choices)


def _predicates(corpus: Corpus, language: str) -> dict[str, str]:
    """Name → key of the predicates that relations are stated with; their inverses follow."""
    stated = {found.predicate for found in corpus.ontology.relations()}
    predicates = (found for found in corpus.ontology.predicates() if found.key in stated)
    return {(found.name(language) or found.key): found.key for found in predicates}


def text_control(kind: str, language: str) -> str:
    """The name of the control for captions of a kind in a language.

    >>> text_control("title", "bg")
    'title-bg'
    """
    return f"{kind}-{language}"


_Entry = tuple[str, str, int, str]  # alias, name, category id, hint


def _label(category: Category, language: str) -> _Entry:
    hint = f"{category.definition}. {category.note}".strip() if category.note else category.definition
    return category.key, category.name(language) or category.key, category.id, hint


class _Labels:
    """The labels of the mask control, in groups with headings."""

    def __init__(self, element: ET.Element) -> None:
        self.element = element
        self.categories: dict[str, int] = {}
        self._names: set[str] = set()

    def add_group(self, heading: str, entries: Sequence[_Entry]) -> None:
        fresh = [entry for entry in entries if entry[0] not in self.categories]
        if not fresh:
            return
        ET.SubElement(self.element, "Header", value=heading, size="5")
        for alias, name, id, hint in fresh:
            name = _NOT_IN_XML.sub("", name).strip() or alias
            name = name if name.casefold() not in self._names else f"{name} ({alias})"
            attributes = {"value": name, "alias": alias, "background": color(id)}
            if len(self.categories) < len(_HOTKEYS):
                attributes["hotkey"] = _HOTKEYS[len(self.categories)]
            if hint:
                attributes["hint"] = _NOT_IN_XML.sub("", hint)
            ET.SubElement(self.element, "Label", attributes)
            self.categories[alias] = id
            self._names.add(name.casefold())


def color(category_id: int) -> str:
    """The colour of a category on every page, `#rrggbb`.

    >>> color(21001) == color(21001) != color(21002)
    True
    """
    hue = category_id * _GOLDEN % 1
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, 0.5, 0.75))


def _add_verdict(view: ET.Element, corpus: Corpus, language: str, words: Mapping[str, str]) -> None:
    ET.SubElement(view, "Header", value=words["verdict"], size="4")
    _add_choices(view, VERDICT, [(key, words[key]) for key in (KEEP, REJECT, ELSEWHERE)])
    _add_choices(view, REASON, [(key, words[key]) for key in REASONS], asked_for=REJECT, heading=words["reason"])
    themes = [(found.key, found.name(language) or found.key) for found in corpus.ontology.subdomains()]
    themes.sort(key=lambda theme: theme[1].casefold())
    _add_choices(view, THEME, themes, asked_for=ELSEWHERE, heading=words["theme"], layout="select")
    _add_choices(view, COMPLETE, [(COMPLETE, words["complete"])], choice="multiple")


def _add_choices(
    view: ET.Element,
    name: str,
    entries: Sequence[tuple[str, str]],
    *,
    asked_for: str | None = None,
    heading: str | None = None,
    layout: str = "inline",
    choice: str = "single",
) -> None:
    """A choice; with `asked_for`, one that shows only when the verdict is that."""
    if asked_for:
        conditions = {"visibleWhen": "choice-selected", "whenTagName": VERDICT, "whenChoiceValue": asked_for}
        view = ET.SubElement(view, "View", conditions)
    if heading:
        ET.SubElement(view, "Header", value=heading, size="5")
    choices = ET.SubElement(view, "Choices", name=name, toName=IMAGE, choice=choice, layout=layout)
    for alias, value in entries:
        found = ET.SubElement(choices, "Choice", value=value, alias=alias)
        if alias in _CHOICE_HOTKEYS:
            found.set("hotkey", _CHOICE_HOTKEYS[alias])
