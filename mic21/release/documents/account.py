"""What the documents of a release are made of."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mic21.ontology import Ontology
from mic21.release.facts import Facts
from mic21.release.manifest import Manifest
from mic21.release.statistics import Statistics

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that was recorded of a release.

    Attributes:
        manifest: without its files.
        statistics: what was counted.
        facts: what people say, or None.
        outcomes: what became of drafted masks.
        licenses: id → record.
        ontology: of the corpus.
        categories: id → row of the table of categories.
    """

    manifest: Manifest
    statistics: Statistics
    facts: Facts | None
    outcomes: Mapping[str, int]
    licenses: Mapping[int, Row]
    ontology: Ontology
    categories: Mapping[int, Row]

    @property
    def name(self) -> str:
        """Of the corpus."""
        return self.facts.name if self.facts else "mic21 corpus"

    @property
    def totals(self) -> dict[str, int]:
        """Images, annotations, captions and interactions of all splits."""
        totals: Counter[str] = Counter()
        for counts in self.manifest.counts.values():
            totals.update(counts.model_dump())
        return dict(totals)

    @property
    def languages(self) -> list[str]:
        """BCP 47 tags of the captions."""
        return sorted({language for language, _ in self.statistics.languages})

    def state(self) -> str:
        """How far people have checked it, in a sentence or two."""
        unchecked, totals = self.manifest.unchecked, self.totals
        if "draft" not in self.manifest.statuses:
            return (
                "Every annotation and caption has been accepted: by a person, or by the import it came with (`origin`)."
            )
        return (
            f"**Not all of this has been checked by a person.** {unchecked.annotations} of {totals['annotations']} "
            f"annotations and {unchecked.captions} of {totals['captions']} captions, in {unchecked.images} of "
            f"{totals['images']} images, are drafts that a program made; each record says so in `status`."
        )
