"""The statistics of a release, as numbers and as plots."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mic21.release.documents.account import Account
from mic21.release.documents.plots import Bar, bar_chart
from mic21.release.splits import SPLITS

PLOTS: Mapping[str, str] = {
    "subdomains.svg": "Images by subdomain",
    "categories.svg": "Objects by category",
    "sizes.svg": "Objects by size",
    "languages.svg": "Captions by language",
    "drafts.svg": "What became of drafted masks",
}


def write_figures(folder: Path, account: Account) -> None:
    """Write `statistics.json` and the plots."""
    folder.mkdir()
    statistics = account.statistics
    by_category: dict[str, Counter[str]] = {}
    for (id, split), count in statistics.categories.items():
        by_category.setdefault(account.categories[id]["name"], Counter())[split] += count
    by_subdomain: dict[str, Counter[str]] = {}
    for (subdomain, split), count in statistics.subdomains.items():
        by_subdomain.setdefault(subdomain or "(none)", Counter())[split] += count
    languages: dict[str, Counter[str]] = {}
    for (language, kind), count in statistics.languages.items():
        languages.setdefault(language, Counter())[kind] += count
    sizes = {size: statistics.sizes[size] for size in ("small", "medium", "large")}
    numbers = {
        "images_by_subdomain": by_subdomain,
        "objects_by_subdomain": {key or "(none)": n for key, n in statistics.annotations_of_subdomain.items()},
        "objects_by_category": by_category,
        "objects_by_size": sizes,
        "captions_by_language": languages,
        "images_by_license": statistics.licenses,
        "drafted_masks": account.outcomes,
        "records_by_annotator": statistics.annotators,
        "records_by_origin": {"/".join(key): n for key, n in statistics.origins.items()},
    }
    encoded = msgspec.json.format(msgspec.json.encode(numbers, order="sorted"), indent=1)
    (folder / "statistics.json").write_bytes(encoded + b"\n")
    charts = {
        "subdomains.svg": bar_chart("Images by subdomain", "images", _bars(by_subdomain, SPLITS), legend=SPLITS),
        "categories.svg": bar_chart("Objects by category", "annotations", _bars(by_category, SPLITS), legend=SPLITS),
        "sizes.svg": bar_chart(
            "Objects by size",
            "annotations; small is under 32², large from 96² pixels on",
            [(size, [count]) for size, count in sizes.items()],
        ),
        "languages.svg": bar_chart(
            "Captions by language",
            "captions",
            _bars(languages, ("title", "description")),
            legend=("title", "description"),
        ),
        "drafts.svg": bar_chart(
            "What became of drafted masks",
            "masks on the images of this release; drawn: by people, from nothing",
            [(outcome, [count]) for outcome, count in account.outcomes.items()],
        ),
    }
    for name, svg in charts.items():
        (folder / name).write_text(svg, encoding="utf-8", newline="\n")


def _bars(counted: Mapping[str, Counter[str]], segments: tuple[str, ...]) -> list[Bar]:
    """The longest bar first, and equal ones by name."""
    ordered = sorted(counted, key=lambda label: (-sum(counted[label].values()), label))
    return [(label, [counted[label][segment] for segment in segments]) for label in ordered]
