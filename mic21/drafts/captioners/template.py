"""Captions by template: what the annotations bear out, said plainly in English and Bulgarian.

They name the annotated things, how many there are, and how they stand to one another, and nothing else: a draft to be
corrected, the same for the same annotations.
"""

from collections.abc import Sequence

from mic21.drafts.captioners import CaptionDraft, Scene, bulgarian, english
from mic21.drafts.captioners.layout import Thing, bond, sides, things
from mic21.errors import BackendError
from mic21.ontology import Ontology

_VERSION = "1"  # of the templates: another one drafts all captions anew
_MOST = 4  # things that a description names


class TemplateCaptioner:
    """Describes what is annotated; needs no model.

    Attributes:
        name: `template`.
        languages: those it writes.
    """

    name = "template"
    languages = ("en", "bg")

    def __init__(self, ontology: Ontology, *, weights: str | None = None, device: str = "cpu") -> None:
        """Take the ontology that gives names and relations; there is no model, so the device does not matter.

        Raises:
            BackendError: weights are given.
        """
        if weights is not None:
            raise BackendError(f"captioner 'template': expected no weights, found {weights!r}")
        self._ontology = ontology

    @property
    def signature(self) -> str:
        """Changes with the templates and the ontology."""
        return f"{_VERSION} {self._ontology.digest[:16]}"

    def caption(
        self, scenes: Sequence[Scene], *, languages: Sequence[str], kinds: Sequence[str]
    ) -> list[list[CaptionDraft]]:
        """A title and a description of each scene, as far as its things have names in the language.

        An image without annotations gets a title that names its subdomain, or nothing.

        Raises:
            BackendError: a language or kind that there are no templates for.
        """
        for language in languages:
            if language not in self.languages:
                raise BackendError(f"captioner 'template': expected en or bg, found the language {language!r}")
        for kind in kinds:
            if kind not in ("title", "description"):
                raise BackendError(f"captioner 'template': expected title or description, found the kind {kind!r}")
        return [[draft for language in languages for draft in self._drafts(scene, language, kinds)] for scene in scenes]

    def _drafts(self, scene: Scene, language: str, kinds: Sequence[str]) -> list[CaptionDraft]:
        grammar = english if language == "en" else bulgarian
        found = [thing for thing in things(scene, self._ontology) if grammar.is_named(thing.category)][:_MOST]
        texts = self._texts(found, scene, language) if found else self._theme(scene, language)
        return [CaptionDraft(language, kind, texts[kind]) for kind in kinds if kind in texts]

    def _texts(self, found: Sequence[Thing], scene: Scene, language: str) -> dict[str, str]:
        grammar = english if language == "en" else bulgarian
        first = found[0]
        between = bond(first, found[1], self._ontology) if len(found) > 1 else None
        return {
            "title": grammar.title(first, between, self._ontology),
            "description": grammar.description(found, between, sides(found, scene.width), self._ontology),
        }

    def _theme(self, scene: Scene, language: str) -> dict[str, str]:
        name = self._ontology.subdomain(scene.subdomain).name(language) if scene.subdomain else None
        if name is None:
            return {}
        return {"title": english.theme(name) if language == "en" else bulgarian.theme(name)}
