"""Works out the derived columns of the ontology's data, in place: what a person edits is the rest.

    python tools/ontology/build.py [--wordnet ROOT] [--data DIR]

`parents` of categories with a synset, unless their `reason` says why WordNet's would mislead, and `category` of labels
with a synset. The same data give the same bytes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data import read_data

from mic21.ontology.link.nearest import nearest_above, nearest_at_or_above
from mic21.ontology.link.wordnet import hypernyms_of, open_wordnet
from mic21.ontology.rows import PACKAGED, Row


def main() -> None:
    """Rewrite categories.tsv and labels/*.tsv."""
    parser = argparse.ArgumentParser(description="Work out the derived columns of the ontology's data, in place.")
    parser.add_argument("--wordnet", type=Path, metavar="ROOT", help="folder that holds corpora/wordnet")
    parser.add_argument("--data", type=Path, default=PACKAGED, metavar="DIR", help="the ontology's data folder")
    options = parser.parse_args()

    above = hypernyms_of(open_wordnet(options.wordnet))
    rows, labels = read_data(options.data)
    categories = {row.fields["synset"]: row.fields["key"] for row in rows if row.fields["synset"]}
    for row in rows:
        if row.fields["synset"] and not row.fields["reason"]:
            row.fields["parents"] = " ".join(sorted(nearest_above(row.fields["synset"], above, categories)))
    _write(options.data / "categories.tsv", sorted(rows, key=lambda row: int(row.fields["id"])))
    for path, label_rows in labels.items():
        for row in label_rows:
            if row.fields["synset"]:
                row.fields["category"] = nearest_at_or_above(row.fields["synset"], above, categories)
        _write(path, label_rows)


def _write(path: Path, rows: Sequence[Row]) -> None:
    lines = ["\t".join(rows[0].fields), *("\t".join(row.fields.values()) for row in rows)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
