"""The ontology against nltk's WordNet with OMW: loading all of it, looking a word up, and searching.

    python tools/bench/ontology.py --wordnet ROOT [--language bg] [--runs N]

ROOT holds nltk's corpora/wordnet, and the OMW folder that nltk looks for; without them mic21 runs alone.
nltk has no search for misspelt words.
"""

import argparse
import os
import sys
from pathlib import Path

from measure import compare

OURS = """
import json, os, sys, time, timeit
import resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
from mic21.ontology import Ontology
imported = time.perf_counter()
onto = Ontology.load()
loaded = time.perf_counter()
for language in onto.languages():
    onto.names(language)
everything = time.perf_counter()
megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
language, word = sys.argv[1:3]
first = time.perf_counter()
assert onto.search(word)[0].key == "bicycle"
indexed = time.perf_counter()
search = min(timeit.repeat(lambda: onto.search(word), number=50, repeat=5)) / 50
lookup = min(timeit.repeat(lambda: onto["bicycle"].name(language), number=10000, repeat=5)) / 10000
print(f"all names: {megabytes:.0f} MB beyond Python", file=sys.stderr)
print(json.dumps({
    "load": loaded - imported, "load with all names": everything - imported, "first search": indexed - first,
    "search": search, "lookup of a name": lookup,
}))
"""

NLTK = """
import json, sys, time, timeit
import nltk
if sys.argv[3]:
    nltk.data.path.insert(0, sys.argv[3])
from nltk.corpus import wordnet
codes = {"bg": "bul", "it": "ita", "fr": "fra", "en": "eng"}
start = time.perf_counter()
wordnet.ensure_loaded()
loaded = time.perf_counter()
language, word = codes[sys.argv[1]], sys.argv[2]
synset = wordnet.synset_from_pos_and_offset("n", 2834778)
synset.lemma_names(language)
everything = time.perf_counter()
lookup = min(timeit.repeat(lambda: synset.lemma_names(language), number=1000, repeat=5)) / 1000
print(json.dumps({"load": loaded - start, "load with all names": everything - start, "lookup of a name": lookup}))
"""


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, metavar="ROOT")
    parser.add_argument("--language", default="bg")
    parser.add_argument("--word", default="велосипед")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "0"
    words = [options.language, options.word]
    peer = [sys.executable, "-c", NLTK, *words, str(options.wordnet)] if options.wordnet else None
    compare("The ontology, against nltk", [sys.executable, "-c", OURS, *words], peer, runs=options.runs)


if __name__ == "__main__":
    main()
