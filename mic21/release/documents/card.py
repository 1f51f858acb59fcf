"""The dataset card: Hugging Face's YAML header, then what a person wants to know first.

https://huggingface.co/docs/hub/datasets-cards. The configurations are the domains; the data files are those of `data/`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mic21.release.documents.account import Account
from mic21.release.documents.figures import PLOTS
from mic21.release.photographs import FOLDER
from mic21.release.splits import SPLITS

# From the hub's list of licences (https://huggingface.co/docs/hub/repositories-licenses); others are `other`.
_HUB_LICENSES = {
    *("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0"),
    *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0"),
    *("cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "mit", "apache-2.0", "unlicense", "pddl"),
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_HUB_SPLITS = {"train": "train", "val": "validation", "test": "test"}
_FORMS = {
    "pairs": "`pairs/LANGUAGE/*.tar`: image–text pairs for CLIP",
    "scene_graphs": "`scene_graphs/*.json`: objects and relations as in Visual Genome",
    "text": "`text/*.txt`: the captions as plain text, a file a language and split",
    "yolo": "`yolo/`: YOLO segmentation",
}


def card(account: Account, release: Path) -> str:
    """README.md of a release whose `data/` is there."""
    return f"---\n{_header(account, release)}---\n\n{_body(account)}"


def _header(account: Account, release: Path) -> str:
    statistics = account.statistics
    licenses = {found.lower() if found.lower() in _HUB_LICENSES else "other" for found in statistics.licenses}
    size = next((name for limit, name in _SIZES if statistics.images < limit), "1M<n<10M")
    lines = [f"pretty_name: {_quoted(f'{account.name} {account.manifest.version}')}", "license:"]
    lines += [f"- {found}" for found in sorted(licenses)]
    if "other" in licenses:
        lines += ["license_name: per-image", "license_link: ATTRIBUTION.csv"]
    tags = sorted({tag.partition("-")[0] for tag in account.languages})
    lines += ["language:", *(f"- {_quoted(tag)}" for tag in tags)] if tags else []
    if len(tags) > 1:
        lines += ["multilinguality:", "- multilingual"]
    lines += ["task_categories:", "- image-segmentation", "- object-detection", "- image-to-text"]
    lines += ["size_categories:", f"- {size}", "configs:"]
    files = [path.relative_to(release / FOLDER).parts for path in sorted((release / FOLDER).glob("*/*.parquet"))]
    lines += _config("default", "*", {name.partition("-")[0] for _, name in files}, default=True)
    for domain in sorted({domain for domain, _ in files}):
        lines += _config(domain, domain, {name.partition("-")[0] for found, name in files if found == domain})
    return "\n".join(lines) + "\n"


def _config(name: str, folder: str, splits: Iterable[str], *, default: bool = False) -> list[str]:
    lines = [f"- config_name: {_quoted(name)}", *(["  default: true"] if default else []), "  data_files:"]
    for split in SPLITS:
        if split in splits:
            lines += [f"  - split: {_HUB_SPLITS[split]}", f"    path: {FOLDER}/{folder}/{split}-*.parquet"]
    return lines


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _body(account: Account) -> str:
    manifest, statistics, facts = account.manifest, account.statistics, account.facts
    about = (
        "Photographs whose objects carry instance masks, whose classes are WordNet synsets, and whose captions stand "
        "beside them."
    )
    parts = [f"# {account.name} {manifest.version}", facts.description if facts and facts.description else about]
    parts += [account.state(), _splits_table(account), _use(account), _files(account)]
    parts += [
        "## Licences\n\nEach photograph has its own licence, which binds every use of it; "
        "`ATTRIBUTION.csv` names author, licence and source of each.\n\n"
        + _table(("licence (SPDX)", "images"), statistics.licenses)
        + _annotation_license(account)
    ]
    parts += ["## Subdomains\n\n" + _subdomains(account), _figures(), _absence(account), _left_out(account)]
    parts += [_how_it_was_split(account), _people(account)]
    parts += [
        "## Check it\n\n    mic21 release verify DIR\n\nEvery byte, schema and count is compared with "
        "`manifest.json`. What else there is to know stands in `DATASHEET.md`."
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _splits_table(account: Account) -> str:
    columns = ("images", "annotations", "captions", "interactions")
    rows = [(split, counts.model_dump()) for split, counts in account.manifest.counts.items()]
    rows.append(("all", account.totals))
    lines = [f"| {name} | " + " | ".join(f"{counts[column]:,}" for column in columns) + " |" for name, counts in rows]
    return "\n".join(["| split | " + " | ".join(columns) + " |", "|---|---:|---:|---:|---:|", *lines])


def _use(account: Account) -> str:
    domain = next((name for name in sorted(filter(None, account.statistics.domains))), None)
    one = f'\nload_dataset("DIR", "{domain}")        # one domain' if domain else ""
    split = next(split for split in SPLITS if account.manifest.counts[split].images)
    return f"""## Use it

```python
from datasets import load_dataset
load_dataset("DIR", split="{_HUB_SPLITS[split]}")  # image, objects, captions, licence{one}

import mic21
release = mic21.Release("DIR")
for sample in release.samples("{split}"):
    sample.image, sample.annotations, sample.captions
```"""


def _files(account: Account) -> str:
    lines = [
        ("manifest.json", "version, counts, what was left out and why, and the sha256 of every other file"),
        ("data/DOMAIN/SPLIT-*.parquet", "photographs with all that is known of each"),
        ("coco/instances_*.json, coco/captions_*.json", "COCO, by split; `coco/subdomains/*_gt.json` by subdomain"),
        ("tables/*.parquet", "images, annotations, captions, interactions, categories, names, subdomains, runs"),
        ("shards/*.tar", "WebDataset, with `shards/index.parquet` for random access"),
        ("ontology/", "the ontology as JSON and SKOS, and its names as TSV"),
        ("statistics/", "what was counted, as JSON and as plots"),
        ("croissant.json, DATASHEET.md, ATTRIBUTION.csv", "what it is, in Croissant, in words, and by photograph"),
    ]
    more = "\n".join(f"- {_FORMS[name]}" for name in account.manifest.formats)
    table = "\n".join(f"| `{name}` | {what} |" for name, what in lines)
    return f"| file | what |\n|---|---|\n{table}" + (f"\n\nBesides:\n\n{more}" if more else "")


def _annotation_license(account: Account) -> str:
    if account.facts:
        return f"\n\nAnnotations, captions and names: {account.facts.license}."
    return "\n\nThe licence of annotations, captions and names is unknown, because the corpus has no `release.toml`."


def _subdomains(account: Account) -> str:
    counts: Counter[str] = Counter()
    for (subdomain, _), count in account.statistics.subdomains.items():
        counts[subdomain or "(none)"] += count
    lines = _table(("subdomain", "images"), counts)
    below = account.manifest.below_floor
    if not below:
        return lines
    short = "; ".join(f"{found.subdomain} {found.images} (the corpus has {found.corpus})" for found in below)
    return f"{lines}\n\nBelow the floor that was set: {short}."


def _figures() -> str:
    return "\n\n".join(f"![{title}](statistics/{name})" for name, title in PLOTS.items())


def _absence(account: Account) -> str:
    checked = account.statistics.facts["checked"]
    return (
        "## What absence means\n\n"
        f"For {checked:,} of {account.statistics.images:,} images somebody said that every object of certain "
        "categories is marked: `checked` lists these categories, `absent` those of them that the image does not show. "
        "Where both are null nobody said so, and a category without a mask may be in the picture all the same."
    )


def _left_out(account: Account) -> str:
    manifest = account.manifest
    lines = [
        f"- {len(left.images):,} image{'' if len(left.images) == 1 else 's'}: {left.reason}"
        for left in manifest.left_out
    ]
    lines += [
        f"- {left.name} ({left.category_id}), {left.annotations:,} annotations: {left.reason}"
        for left in manifest.left_out_categories
    ]
    lines += [
        f"- {left.captions:,} caption{'' if left.captions == 1 else 's'} in {left.language}: {left.reason}"
        for left in manifest.left_out_captions
    ]
    if not lines:
        return ""
    return "## Left out\n\n" + "\n".join(lines) + "\n\nThe ids of the images are in `manifest.json`."


def _how_it_was_split(account: Account) -> str:
    splits = account.manifest.splits
    wanted = ", ".join(f"{split} {share:.0%}" for split, share in splits.shares.items())
    together = "Near duplicates stay together"
    if splits.series == "author":
        together += ", and so do the photographs of an author in a subdomain"
    lines = [f"## How it was split\n\nWanted: {wanted}. {together}. An image keeps its split when others are added."]
    if splits.deviations:
        off = [_deviation(account, found) for found in splits.deviations]
        shown = "; ".join(off[:20]) + (f"; and {len(off) - 20} more, see `manifest.json`" if len(off) > 20 else "")
        lines.append(f"Off by more than two points, because of what stays together or by chance: {shown}.")
    if splits.straddling:
        lines.append(
            f"Images that belong together lie in different splits in {len(splits.straddling)} case"
            f"{'' if len(splits.straddling) == 1 else 's'}, because they were moved to another subdomain when they had "
            "their split, or it was given; `manifest.json` lists them."
        )
    return "\n\n".join(lines)


def _deviation(account: Account, found: Any) -> str:  # a Deviation
    name = account.categories[int(found.key)]["name"] if found.kind == "category" else found.key or "no subdomain"
    shares = "/".join(f"{found.shares[split]:.0%}" for split in SPLITS)
    return f"{name} {shares} of {found.count:,}"


def _people(account: Account) -> str:
    facts = account.facts
    if facts is None:
        return "Curator, contact and purpose are unknown, because the corpus has no `release.toml`."
    lines = [f"- Curator: {facts.curator}", f"- Contact: {facts.contact}", f"- Purpose: {facts.purpose}"]
    if facts.url:
        lines.append(f"- Page: {facts.url}")
    cite = f"\n\n```bibtex\n{facts.citation.strip()}\n```" if facts.citation else ""
    return "## Who made it\n\n" + "\n".join(lines) + cite


def _table(head: tuple[str, str], counts: Mapping[str, int]) -> str:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"| {name} | {count:,} |" for name, count in rows]
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---:|", *lines])
