"""The datasheet: every question of "Datasheets for Datasets", answered from what was recorded."""

from collections import Counter
from collections.abc import Callable, Mapping

from mic21.release.documents.account import Account
from mic21.release.facts import FILE
from mic21.release.questions import QUESTIONS
from mic21.release.splits import SPLITS


def datasheet(account: Account) -> str:
    """DATASHEET.md: each question has an answer, or says why it has none."""
    lines = [
        f"# Datasheet of {account.name} {account.manifest.version}",
        "The questions are those of Gebru et al., “Datasheets for Datasets” (CACM 2021), in our words. "
        f"Answers come from what the corpus records and from its `{FILE}`.",
    ]
    section = None
    for question in QUESTIONS:
        if question.section != section:
            section = question.section
            lines.append(f"## {section}")
        known = _RECORDED[question.key](account) if question.key in _RECORDED else None
        said = account.facts.answers.get(question.key) if account.facts else None
        answer = "\n\n".join(part.strip() for part in (known, said) if part)
        if not answer:
            reason = question.reason if account.facts else f"the corpus has no `{FILE}`, and does not record it"
            answer = f"Unknown, because {reason}."
        lines.append(f"**{question.text}** (`{question.key}`)\n\n{answer}")
    return "\n\n".join(lines) + "\n"


def _fact(name: str) -> Callable[[Account], str | None]:
    return lambda account: getattr(account.facts, name) if account.facts else None


def _counts(account: Account) -> str:
    totals, statistics = account.totals, account.statistics
    sizes = ", ".join(f"{statistics.sizes[size]:,} {size}" for size in ("small", "medium", "large"))
    used = len({id for id, _ in statistics.categories})
    return (
        f"{totals['images']:,} photographs, {totals['annotations']:,} annotated objects ({sizes}) of {used} "
        f"categories, {totals['captions']:,} captions in {len(account.languages)} languages, "
        f"{totals['interactions']:,} interactions. "
        "`statistics/statistics.json` counts them by subdomain, category, size, language and licence."
    )


def _sample(account: Account) -> str:
    left = account.manifest.left_out
    captions = sum(found.captions for found in account.manifest.left_out_captions)
    if not left and not account.manifest.left_out_categories and not captions:
        return "Every image of the corpus that was not withdrawn is in it. How the corpus came to be is asked below."
    reasons = "; ".join(f"{len(found.images):,} {found.reason}" for found in left)
    rare = len(account.manifest.left_out_categories)
    more = f" Of {rare} categories the annotations were left out." if rare else ""
    more += f" {captions:,} captions in other languages were left out." if captions else ""
    return f"It is a part of the corpus. Images left out: {reasons or 'none'}.{more} `manifest.json` lists them all."


def _labels(account: Account) -> str:
    ontology = account.manifest.ontology_version
    return (
        f"Objects have a category: of ontology {ontology} with its WordNet 3.0 synset, or one that an import brought. "
        f"Captions are text in {', '.join(account.languages) or 'no language'}. {_absent(account)}"
    )


def _absent(account: Account) -> str:
    checked = account.statistics.facts["checked"]
    return (
        f"For {checked:,} images it is known which categories were looked for and are absent; for the others absence "
        "of a mask means nothing."
    )


def _missing(account: Account) -> str:
    facts, images = account.statistics.facts, account.statistics.images
    return (
        f"Author unknown: {images - facts['author']:,} of {images:,} photographs; source unknown: "
        f"{images - facts['source']:,}; categories looked for unknown: {images - facts['checked']:,}. "
        f"{facts['unattributed']:,} photographs under a licence that asks to name the author have neither author nor "
        "source on record. An unknown value is null, never a guess."
    )


def _relations(account: Account) -> str:
    return (
        f"{account.totals['interactions']:,} interactions between objects of a photograph are stated "
        "(`tables/interactions.parquet`). Near duplicates share `group_key`. Categories stand in a hierarchy."
    )


def _splits(account: Account) -> str:
    splits = account.manifest.splits
    total = max(account.statistics.images, 1)
    found = ", ".join(f"{split} {account.manifest.counts[split].images / total:.1%}" for split in SPLITS)
    together = "near duplicates and an author's photographs of a subdomain" if splits.series == "author" else ""
    return (
        f"{found}. They keep together {together or 'near duplicates'}, follow the wanted shares within each "
        f"subdomain, and stay as they are when images are added. {len(splits.deviations)} subdomains and categories of "
        "fifty or more are off by more than two points; the manifest names them."
    )


def _errors(account: Account) -> str:
    outcomes = account.outcomes
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items() if count)
    became = f" Masks that a program drafted or people drew on these images: {told}." if told else ""
    return f"{account.state()}{became} Near duplicates are kept, and marked by `group_key`."


def _external(account: Account) -> str:
    return "It is complete in itself: the photographs are in it. Addresses of sources are kept for reference only."


def _acquisition(account: Account) -> str:
    names = ("annotations", "captions", "interactions")
    rows = []
    for name in names:
        counts: Counter[str] = Counter()
        for (record, origin, status), count in account.statistics.origins.items():
            if record == name:
                counts[f"{count_name(origin)}, {status}"] += count
        if counts:
            told = "; ".join(f"{what}: {count:,}" for what, count in sorted(counts.items()))
            rows.append(f"- {name}: {told}")
    people = len(account.statistics.annotators)
    rows.append(f"- {people} people had the last word on some record; they appear under pseudonyms in `annotator`.")
    return "Records by origin and state:\n\n" + "\n".join(rows)


def count_name(origin: str) -> str:
    """What an origin means.

    >>> count_name("human")
    'made or corrected by people'
    """
    return {"model": "made by a program", "human": "made or corrected by people"}.get(origin, "came with an import")


def _preprocessing(account: Account) -> str:
    tools = sorted({f"{run['step']} by {run['backend']}" for run in account.statistics.runs if run["backend"]})
    drafts = f" Drafts were made by: {', '.join(tools)}." if tools else ""
    return (
        "An EXIF orientation was baked into the pixels; what browsers cannot show (TIFF, BMP and others) became PNG; "
        "everything else is byte for byte as it came. Perceptual hashes found near duplicates." + drafts
    )


def _licenses(account: Account) -> str:
    told = ", ".join(f"{name} ({count:,})" for name, count in sorted(account.statistics.licenses.items()))
    own = account.facts.license if account.facts else f"unknown, because the corpus has no `{FILE}`"
    return f"Each photograph has its own licence: {told}. Annotations, captions and names: {own}."


def _restrictions(account: Account) -> str:
    return "The licences of the photographs are conditions of others; `ATTRIBUTION.csv` names them one by one."


def _updates(account: Account) -> str:
    previous = account.manifest.previous
    after = f" It follows {previous.version}." if previous else ""
    return (
        "A release never changes; the next one has another version: its first number rises when what users rely on "
        "breaks, its second when data is added or leaves, its third when only records or texts are mended." + after
    )


def _revocation(account: Account) -> str:
    contact = f" To ask for it: {account.facts.contact}." if account.facts else ""
    return "A photograph that is withdrawn leaves the next release, and its id is never used again." + contact


def _raw(account: Account) -> str:
    return "`original_sha256` names the file as it came. One that was turned or converted is kept only as it is now."


_RECORDED: Mapping[str, Callable[[Account], str | None]] = {
    "purpose": _fact("purpose"),
    "curator": _fact("curator"),
    "funding": _fact("funding"),
    "instances": lambda _: "A photograph, and on it objects with masks, captions, and relations between objects.",
    "counts": _counts,
    "sample": _sample,
    "content": lambda _: "The photograph as a file; masks as polygons or run lengths; captions as text; no features.",
    "labels": _labels,
    "missing": _missing,
    "relations": _relations,
    "splits": _splits,
    "errors": _errors,
    "external": _external,
    "subpopulations": lambda _: (
        "No category of the ontology tells people apart by age, gender, origin or belief. Categories that imports "
        "brought, and captions, which are free text, may."
    ),
    "acquisition": _acquisition,
    "preprocessing": _preprocessing,
    "raw": _raw,
    "software": lambda account: f"mic21 {account.manifest.mic21_version}, under Apache-2.0.",
    "tasks": lambda _: "Segmentation, detection, captioning, and studies of how classes are named across languages.",
    "revocation": _revocation,
    "when": _fact("date"),
    "license": _licenses,
    "restrictions": _restrictions,
    "distribution": _fact("url"),
    "maintainer": _fact("curator"),
    "contact": _fact("contact"),
    "updates": _updates,
}
