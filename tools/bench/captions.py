"""Measures on 1,000 images with 4 references each, beside pycocoevalcap on the same tokens.

Both run on one core, so what is timed is the processor's time, which other programs do not lengthen.
"""

import contextlib
import io
import statistics
import time
from collections.abc import Callable

import numpy as np
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from mic21.evaluation import bleu, cider_d, rouge_l, tokenize
from mic21.ontology import Ontology
from mic21.synth.captions import description
from mic21.synth.facts import facts_of
from mic21.synth.recipes import RECIPES
from mic21.synth.scenes import compose

_IMAGES, _REFERENCES, _RUNS = 1_000, 4, 5


def _captions() -> tuple[list[str], list[list[str]]]:
    """Captions as long as COCO's: sentences of generated scenes, of which words are left out by lot."""
    random = np.random.default_rng(21)
    ontology = Ontology.load()
    facts = [facts_of(compose(recipe, np.random.default_rng(0)), ontology) for recipe in RECIPES]
    texts = [description(one, "en").split(". ")[0] for one in facts]

    def worn(text: str) -> str:
        return " ".join(word for word in text.split() if random.random() < 0.85)

    chosen = [texts[index] for index in random.integers(len(texts), size=_IMAGES)]
    return [worn(text) for text in chosen], [[worn(text) for _ in range(_REFERENCES)] for text in chosen]


def _time(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_RUNS):
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            run()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def main() -> None:
    """Print the median of five runs of each measure, and the ratio."""
    hypotheses, references = _captions()
    start = time.process_time()
    own = [tokenize(text) for text in hypotheses]
    theirs = [[tokenize(text) for text in of_image] for of_image in references]
    print(f"tokenize {_IMAGES * (1 + _REFERENCES)} captions: {time.process_time() - start:.3f} s")
    gold = {index: [" ".join(tokens) for tokens in of_image] for index, of_image in enumerate(theirs)}
    found = {index: [" ".join(tokens)] for index, tokens in enumerate(own)}
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "BLEU-1..4": (lambda: bleu(own, theirs), lambda: Bleu(4).compute_score(gold, found, verbose=0)),
        "CIDEr-D": (lambda: cider_d(own, theirs), lambda: Cider().compute_score(gold, found)),
        "ROUGE-L": (lambda: rouge_l(own, theirs), lambda: Rouge().compute_score(gold, found)),
    }
    total = [0.0, 0.0]
    for name, (ours, peer) in pairs.items():
        seconds = _time(ours), _time(peer)
        total = [total[0] + seconds[0], total[1] + seconds[1]]
        print(
            f"{name}: mic21 {seconds[0]:.3f} s, pycocoevalcap {seconds[1]:.3f} s, ratio {seconds[1] / seconds[0]:.1f}"
        )
    print(f"all three: mic21 {total[0]:.3f} s, pycocoevalcap {total[1]:.3f} s, ratio {total[1] / total[0]:.1f}")


if __name__ == "__main__":
    main()
