"""BLEU, CIDEr-D and ROUGE-L: the figures of the literature's code on the same tokens; METEOR: nltk's."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu, modified_precision, sentence_bleu
from nltk.translate.meteor_score import meteor_score
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from mic21.errors import CheckError, UsageError
from mic21.evaluation import DocumentFrequencies, bleu, cider_d, nltk_meteor, rouge_l
from mic21.evaluation.meteor_score import meteor_signature

Corpus = tuple[list[list[str]], list[list[list[str]]]]
WORDS = ("a", "an", "the", "cat", "dog", "bus", "red", "green", "plays", "rides", "on", "in", "violin", "two")


def corpus(images: int, seed: int) -> Corpus:
    """Captions that share much with their references: words of the first reference, some of them changed."""
    random = np.random.default_rng(seed)
    references = [
        [list(random.choice(WORDS, random.integers(4, 14))) for _ in range(random.integers(1, 6))]
        for _ in range(images)
    ]
    hypotheses = [
        [word if random.random() < 0.8 else str(random.choice(WORDS)) for word in of_image[0]]
        for of_image in references
    ]
    return hypotheses, references


def theirs(hypotheses: list[list[str]], references: list[list[list[str]]]) -> list[float]:
    found = {index: [" ".join(tokens)] for index, tokens in enumerate(hypotheses)}
    gold = {index: [" ".join(tokens) for tokens in of_image] for index, of_image in enumerate(references)}
    with contextlib.redirect_stdout(io.StringIO()):
        scores = Bleu(4).compute_score(gold, found, verbose=0)[0]
        return [*scores, Cider().compute_score(gold, found)[0], Rouge().compute_score(gold, found)[0]]


@pytest.mark.parametrize("seed", range(8))
def test_figures_are_those_of_pycocoevalcap(seed: int) -> None:
    pair = corpus(40, seed)
    ours = [*bleu(*pair), cider_d(*pair), rouge_l(*pair)]
    assert ours == pytest.approx(theirs(*pair), abs=1e-6)
    assert 0.2 < ours[3] < 0.9


SENTENCES = st.lists(st.sampled_from(WORDS[:6]), min_size=1, max_size=9)


@given(st.lists(st.tuples(SENTENCES, st.lists(SENTENCES, min_size=1, max_size=3)), min_size=2, max_size=5))
def test_odd_captions_score_as_in_pycocoevalcap(pairs: list[tuple[list[str], list[list[str]]]]) -> None:
    hypotheses, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    expected = theirs(hypotheses, references)
    assert [cider_d(hypotheses, references), rouge_l(hypotheses, references)] == pytest.approx(expected[4:], abs=1e-6)
    for ours, other in zip(bleu(hypotheses, references), expected, strict=False):
        # Where nothing matches, BLEU is 0; the reference code has a small number there, lest it takes the log of 0.
        assert ours == pytest.approx(other, abs=1e-6) or (ours == 0 and other < 0.05)


def test_the_modes_of_bleu_are_those_of_nltk() -> None:
    hypotheses, references = corpus(12, 3)
    assert bleu(hypotheses, references)[3] == pytest.approx(corpus_bleu(references, hypotheses))
    pairs = list(zip(references, hypotheses, strict=True))
    for smoothing, method in (("floor", "method1"), ("add-one", "method2")):
        function = getattr(SmoothingFunction(), method)
        expected = np.mean([sentence_bleu(*pair, smoothing_function=function) for pair in pairs])
        found = bleu(hypotheses, references, mode="sentence", smoothing=smoothing)
        assert found[3] == pytest.approx(expected, abs=1e-9)
    one = bleu(hypotheses[:1], references[:1], cumulative=False)
    expected_precision = float(modified_precision(references[0], hypotheses[0], 2))
    assert one[1] == pytest.approx(expected_precision * one[0] / float(modified_precision(*pairs[0], 1)))


def test_bleu_takes_the_shorter_of_two_closest_references() -> None:
    five = ["a", "b", "c", "d", "e"]
    assert bleu([five], [[five[:4], [*five, "f"]]]) == (1.0, 1.0, 1.0, 1.0)


def test_captions_without_words_score_nothing() -> None:
    assert bleu([[], ["a"]], [[["a"]], [["b"]]]) == (0, 0, 0, 0)
    assert cider_d([[], ["c"]], [[["a"]], [["b"]]]) == 0
    assert rouge_l([[]], [[["a"]]]) == 0
    assert bleu([], []) == (0, 0, 0, 0)


def test_stored_frequencies_count_as_those_of_their_set(tmp_path: Path) -> None:
    hypotheses, references = corpus(30, 5)
    stored = DocumentFrequencies.of(references)
    stored.save(tmp_path / "idf.json")
    loaded = DocumentFrequencies.load(tmp_path / "idf.json")
    assert loaded == stored
    assert cider_d(hypotheses, references, frequencies=loaded) == pytest.approx(cider_d(hypotheses, references))
    # Of one image alone nothing is rare; frequencies of many images tell.
    alone = hypotheses[:1], references[:1]
    assert cider_d(*alone) == 0
    assert cider_d(*alone, frequencies=loaded) > 1
    (tmp_path / "bad.json").write_text('{"images": 3}')
    with pytest.raises(CheckError, match="expected document frequencies"):
        DocumentFrequencies.load(tmp_path / "bad.json")


def test_meteor_is_nltks() -> None:
    hypotheses, references = corpus(4, 7)
    if "synonym" in meteor_signature("en"):
        pairs = zip(references, hypotheses, strict=True)
        assert nltk_meteor(hypotheses, references) == pytest.approx(np.mean([meteor_score(*pair) for pair in pairs]))
    assert meteor_signature("en").startswith("nltk METEOR|match:exact+stem")
    assert meteor_signature("bg").startswith("nltk METEOR|match:exact|")
    changed = [["buses"]], [[["bus"]]]
    assert nltk_meteor(*changed, language="bg") == 0


def test_what_does_not_belong_together_is_refused() -> None:
    for measure in (bleu, cider_d, rouge_l, nltk_meteor):
        with pytest.raises(UsageError, match="expected as many hypotheses as references, found 1 and 0"):
            measure([["a"]], [])
        with pytest.raises(UsageError, match=r"references\[0\]: expected one reference or more"):
            measure([["a"]], [[]])
        with pytest.raises(UsageError, match="expected lists of tokens, found text"):
            measure(["a cat"], [[["a", "cat"]]])
    with pytest.raises(UsageError, match="expected corpus or sentence, found 'mean'"):
        bleu([["a"]], [[["a"]]], mode="mean")  # type: ignore[arg-type]


def test_measures_are_there_after_import_mic21() -> None:
    program = "import mic21; print(mic21.evaluation.bleu([['a']], [[['a']]])[0])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"
