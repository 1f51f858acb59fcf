"""Proves the ontology's WordNet passports and everything derived from them against WordNet 3.0.

    python tools/ontology/verify.py [--wordnet ROOT] [--data DIR]

Lists every problem and exits with 1 if there is one.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data import read_data
from nltk.corpus.reader.wordnet import WordNetError

from mic21.ontology.link.nearest import Above, nearest_above, nearest_at_or_above
from mic21.ontology.link.wordnet import hypernyms_of, open_wordnet
from mic21.ontology.rows import PACKAGED, Row

# What no photograph shows as such: hypernym chains are cut below these.
ABSTRACT = {
    "00001740-n": "entity",
    "00001930-n": "physical entity",
    "00002137-n": "abstraction",
    "00002452-n": "thing",
    "00002684-n": "object",
    "00003553-n": "whole",
    "00004258-n": "living thing",
    "00004475-n": "organism",
    "00007347-n": "causal agent",
    "00020827-n": "matter",
    "00021939-n": "artifact",
    "03575240-n": "instrumentality",
}


def main() -> int:
    """Print the problems; 0 if there are none."""
    parser = argparse.ArgumentParser(description="Prove the ontology's data against WordNet 3.0.")
    parser.add_argument("--wordnet", type=Path, metavar="ROOT", help="folder that holds corpora/wordnet")
    parser.add_argument("--data", type=Path, default=PACKAGED, metavar="DIR", help="the ontology's data folder")
    options = parser.parse_args()

    wordnet = open_wordnet(options.wordnet)
    above = hypernyms_of(wordnet)
    rows, labels = read_data(options.data)
    problems: list[str] = []
    with_synset = [row for row in rows if row.fields["synset"]]
    for row in with_synset:
        problems += passport_problems(row, wordnet)
    known = [row for row in with_synset if _exists(row.fields["synset"], wordnet)]
    categories = {row.fields["synset"]: row.fields["key"] for row in known}
    for row in known:
        problems += parents_problems(row, above, categories)
    for label_rows in labels.values():
        for row in label_rows:
            problems += label_problems(row, wordnet, above, categories)
    for problem in problems:
        print(problem)
    print(
        f"{len(rows)} categories: {len(rows) - len(with_synset)} without a synset, "
        f"{sum(bool(row.fields['reason']) for row in with_synset)} with parents by hand; "
        f"{sum(map(len, labels.values()))} labels, {len(problems)} problem(s)",
        file=sys.stderr,
    )
    return 1 if problems else 0


def passport_problems(row: Row, wordnet: Any) -> Iterator[str]:
    """The synset is a noun of WordNet 3.0, is not abstract, and is what the sense key names."""
    synset = row.fields["synset"]
    if not _exists(synset, wordnet):
        yield row.problem("synset", "the offset of a noun of WordNet 3.0")
        return
    if synset in ABSTRACT:
        yield row.problem("synset", f"something that a photograph shows, not {ABSTRACT[synset]}")
    try:
        named = wordnet.lemma_from_key(row.fields["sense_key"]).synset()
    except (WordNetError, ValueError):
        yield row.problem("sense_key", "a sense key of WordNet 3.0")
        return
    if (offset := f"{named.offset():08d}-{named.pos()}") != synset:
        yield row.problem("sense_key", f"a sense key of {synset}, not of {offset}")


def parents_problems(row: Row, above: Above, categories: Mapping[str, str]) -> Iterator[str]:
    """The parents are the nearest categories above the synset, or a reason says why not."""
    expected = " ".join(sorted(nearest_above(row.fields["synset"], above, categories)))
    if row.fields["reason"]:
        if row.fields["parents"] == expected:
            yield row.problem("reason", "nothing, for the parents are WordNet's")
    elif row.fields["parents"] != expected:
        yield row.problem("parents", repr(expected))


def label_problems(row: Row, wordnet: Any, above: Above, categories: Mapping[str, str]) -> Iterator[str]:
    """The label's synset is a noun of WordNet 3.0, and its category the nearest at or above it."""
    label, synset, category = row.fields.values()
    if not synset:
        return
    if not _exists(synset, wordnet):
        yield row.problem("synset", "the offset of a noun of WordNet 3.0")
    elif label[:1] == "n" and label[1:].isdecimal() and synset != f"{label[1:]}-n":
        yield row.problem("synset", f"{label[1:]}-n, which the label means")
    elif category != (expected := nearest_at_or_above(synset, above, categories)):
        yield row.problem("category", repr(expected))


def _exists(synset: str, wordnet: Any) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nltk warns and gives None
        return wordnet.synset_from_pos_and_offset("n", int(synset[:8])) is not None


if __name__ == "__main__":
    sys.exit(main())
