"""Predicted captions against those of a release: every measure, by language, kind and subdomain, beside baselines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mic21.errors import CheckError, UsageError
from mic21.evaluation import tokens
from mic21.evaluation.baselines import Baseline
from mic21.evaluation.bleu_score import BleuOptions, bleu_of_captions, bleu_signature, bleu_statistics
from mic21.evaluation.caption_report import QUOTED, CaptionReport, Figures, GroupReport, ImageScores
from mic21.evaluation.chair import count_objects
from mic21.evaluation.cider_score import ORDER, DocumentFrequencies, cider_scores, cider_signature
from mic21.evaluation.ngrams import count_ngrams
from mic21.evaluation.predictions import Captions, Predictions, read_predictions
from mic21.evaluation.rouge_score import SIGNATURE as ROUGE
from mic21.evaluation.rouge_score import rouge_scores
from mic21.evaluation.truth import Truth, by_subdomain, read_truths
from mic21.ontology.mentions import Mentions
from mic21.release.reader import Release

References = Mapping[int, Sequence[str]]
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Judge:
    """What a language and kind of captions are measured with.

    Attributes:
        language: BCP 47 tag.
        references: image id → its captions.
        truths: image id → its objects.
        mentions: finds the categories that captions mention.
        frequencies: for CIDEr-D; None for those of the references.
        meteor: whether nltk's METEOR is reckoned too.
        bleu: which BLEU.
    """

    language: str
    references: References
    truths: Mapping[int, Truth]
    mentions: Mentions
    frequencies: DocumentFrequencies | None
    meteor: bool
    bleu: BleuOptions

    def score(self, captions: Captions) -> tuple[list[ImageScores], list[list[str]]]:
        """The scores and tokens of captions, one an image with references, by id."""
        ids = sorted(captions.keys() & self.references.keys())
        hypotheses = [tokens.tokenize(captions[id], self.language) for id in ids]
        references = [[tokens.tokenize(text, self.language) for text in self.references[id]] for id in ids]
        counted = count_ngrams(hypotheses, references, ORDER)
        statistics = bleu_statistics(counted).astype(int).tolist()
        cider = cider_scores(counted, self.frequencies).tolist()
        rouge = rouge_scores(hypotheses, references).tolist()
        meteor = self._meteor(hypotheses, references)
        scores = []
        for index, id in enumerate(ids):
            said = count_objects(self.mentions.find(captions[id]), self.truths[id])
            row = statistics[index]
            scores.append(
                ImageScores(
                    image_id=id,
                    matches=row[:ORDER],
                    totals=row[ORDER : 2 * ORDER],
                    length=row[-2],
                    closest=row[-1],
                    cider_d=cider[index],
                    rouge_l=rouge[index],
                    nltk_meteor=meteor[index],
                    said=said.said,
                    hallucinated=said.hallucinated,
                    said_known=said.said_known,
                    hallucinated_known=said.hallucinated_known,
                    annotated=said.annotated,
                    recalled=said.recalled,
                    named=said.named,
                )
            )
        return scores, hypotheses

    def _meteor(self, hypotheses: list[list[str]], references: list[list[list[str]]]) -> Sequence[float | None]:
        if not self.meteor:
            return [None] * len(hypotheses)
        try:
            from mic21.evaluation.meteor_score import meteor_scores
        except ModuleNotFoundError as error:
            raise UsageError("meteor: expected nltk: pip install 'mic21[evaluate]'") from error
        return [float(score) for score in meteor_scores(hypotheses, references, language=self.language)]


def evaluate_captions(
    predictions: Path,
    release: Release,
    split: str,
    *,
    language: str | None = None,
    kind: str | None = None,
    baselines: Sequence[Baseline] = (),
    bleu: BleuOptions | None = None,
    idf: str | Path = "references",
    meteor: bool = False,
    partial: bool = False,
) -> CaptionReport:
    """Measure predicted captions against those of a split of a release.

    Args:
        predictions: JSON lines with `image_id`, `language`, `kind` and `caption`.
        release: whose captions are the references, and whose annotations are what is there.
        split: `train`, `val` or `test`.
        language: only captions of this language.
        kind: only `title` or `description`.
        baselines: what to measure beside them, such as `mic21.evaluation.baselines.baseline_captions`. With any of
            them, and where images have several captions, also the last one against the others.
        bleu: which BLEU; that of the literature by default.
        idf: where CIDEr-D's document frequencies come from: the `references` that are scored against, as in the
            literature, the captions of the `train` split, or a file that `DocumentFrequencies.save` wrote, which is of
            one language and kind.
        meteor: reckon nltk's METEOR too, which is slow.
        partial: score what is there where images have no prediction, and say how many have none.

    Raises:
        UsageError: there is no such split, nothing of this language and kind to score, or a file of document
            frequencies for more than one language and kind.
        CheckError: predictions are malformed, doubled, missing, or of images that the release does not have, or the
            file of document frequencies is none.
    """
    bleu = bleu or BleuOptions()
    stored = None if idf in ("references", "train") else DocumentFrequencies.load(Path(idf))
    if stored and (language is None or kind is None):
        raise UsageError(f"idf: {idf} is of one language and kind: say which by --language and --kind")
    found = read_predictions(predictions)
    truths = read_truths(release, split)
    elsewhere = _check_images(predictions, found, release, truths)
    wanted = [group for group in sorted(found.groups) if language in (None, group[0]) and kind in (None, group[1])]
    groups: list[GroupReport] = []
    unreferenced: list[str] = []
    for of_language, of_kind in wanted:
        references = read_references(release, split, of_language, of_kind)
        captions = {id: text for id, text in found.groups[of_language, of_kind].items() if id in truths}
        missing = sorted(references.keys() - captions.keys())
        if missing and not partial:
            raise CheckError(
                f"{predictions}: expected a {of_kind} in {of_language} of each of the {len(references)} images of "
                f"{split} that have one, found none of {len(missing)}: {_some(missing)}; "
                "--partial scores what is there"
            )
        if not captions.keys() & references.keys():
            unreferenced.append(f"{of_kind} in {of_language}")
            continue
        frequencies = document_frequencies(release, "train", of_language, of_kind) if idf == "train" else stored
        mentions = Mentions(release.ontology, of_language)
        judge = Judge(of_language, references, truths, mentions, frequencies, meteor, bleu)
        rivals: dict[str, Captions] = {}
        for baseline in baselines:
            rivals |= baseline(release, split, of_language, of_kind, sorted(captions))
        groups.append(_group(judge, of_kind, captions, rivals, len(missing)))
    if not groups:
        raise UsageError(
            f"{predictions}: no caption of {kind or 'any kind'} in {language or 'any language'} has a reference in "
            f"{split}; the file has {', '.join(' '.join(group) for group in sorted(found.groups))}"
        )
    return CaptionReport(
        predictions=predictions.name,
        release_version=release.version,
        release_digest=release.manifest.digest,
        split=split,
        elsewhere=elsewhere,
        unreferenced=unreferenced,
        signatures=_signatures(
            bleu,
            f"stored {stored.digest()}" if stored else str(idf),
            [group.language for group in groups] if meteor else [],
        ),
        bleu=bleu,
        groups=groups,
        quoted=list(QUOTED),
    )


def read_references(release: Release, split: str, language: str, kind: str) -> dict[int, list[str]]:
    """Image id → its captions of a language and kind."""
    rows = release.captions(split=split, language=language, kind=kind).select(["image_id", "text"]).to_pylist()
    references: dict[int, list[str]] = {}
    for row in rows:
        references.setdefault(row["image_id"], []).append(row["text"])
    return references


def document_frequencies(release: Release, split: str, language: str, kind: str) -> DocumentFrequencies:
    """CIDEr-D's document frequencies of a split's captions of a language and kind, to be saved and used again."""
    references = read_references(release, split, language, kind).values()
    return DocumentFrequencies.of([[tokens.tokenize(text, language) for text in texts] for texts in references])


def figures_of(scores: Sequence[ImageScores], hypotheses: Sequence[Sequence[str]], options: BleuOptions) -> Figures:
    """The figures of captions."""
    statistics = np.array([[*s.matches, *s.totals, s.length, s.closest] for s in scores], dtype=np.float64)
    bleu = bleu_of_captions(statistics, options).tolist()
    meteor = [s.nltk_meteor for s in scores if s.nltk_meteor is not None]
    words = [word for hypothesis in hypotheses for word in hypothesis]
    pairs = [pair for hypothesis in hypotheses for pair in pairwise(hypothesis)]
    return Figures(
        bleu_1=bleu[0],
        bleu_2=bleu[1],
        bleu_3=bleu[2],
        bleu_4=bleu[3],
        cider_d=_mean(s.cider_d for s in scores),
        rouge_l=_mean(s.rouge_l for s in scores),
        nltk_meteor=_mean(meteor) if meteor else None,
        chair_i=_share((s.hallucinated, s.said) for s in scores),
        chair_i_known=_share((s.hallucinated_known, s.said_known) for s in scores),
        chair_s=_mean(s.hallucinated > 0 for s in scores),
        object_recall=_share((s.recalled, s.annotated) for s in scores),
        object_recall_named=_share((s.named, s.annotated) for s in scores),
        length=len(words) / len(scores),
        distinct_1=len(set(words)) / len(words) if words else 0.0,
        distinct_2=len(set(pairs)) / len(pairs) if pairs else 0.0,
        vocabulary=len(set(words)),
    )


def _group(judge: Judge, kind: str, captions: Captions, rivals: Mapping[str, Captions], missing: int) -> GroupReport:
    scores, hypotheses = judge.score(captions)
    rows = {name: figures_of(*judge.score(rival), judge.bleu) for name, rival in rivals.items()}
    if rivals:
        rows |= _people(judge, [score.image_id for score in scores])
    places = {score.image_id: index for index, score in enumerate(scores)}
    subdomains = {}
    for name, ids in by_subdomain(judge.truths).items():
        of_it = [places[id] for id in ids if id in places]
        if of_it:
            subdomains[name] = figures_of([scores[i] for i in of_it], [hypotheses[i] for i in of_it], judge.bleu)
    return GroupReport(
        language=judge.language,
        kind=kind,
        images=len(scores),
        without_reference=len(captions.keys() - judge.references.keys()),
        missing=missing,
        references=sum(len(judge.references[id]) for id in places),
        figures=figures_of(scores, hypotheses, judge.bleu),
        subdomains=subdomains,
        baselines=rows,
        scores=scores,
    )


def _people(judge: Judge, image_ids: Sequence[int]) -> dict[str, Figures]:
    """How well the last caption of each image does against the others, where images have several."""
    several = {id: texts for id in image_ids if len(texts := judge.references[id]) > 1}
    if not several:
        return {}
    others = replace(judge, references={id: texts[:-1] for id, texts in several.items()})
    scored = others.score({id: texts[-1] for id, texts in several.items()})
    return {"one reference against the others": figures_of(*scored, judge.bleu)}


def _check_images(path: Path, found: Predictions, release: Release, truths: Mapping[int, Truth]) -> int:
    """How many captions are of images of other splits."""
    predicted = [id for captions in found.groups.values() for id in captions]
    elsewhere = [id for id in predicted if id not in truths]
    if elsewhere:
        unknown = sorted(set(elsewhere) - set(release.images()["id"].to_pylist()))
        if unknown:
            raise CheckError(
                f"{path}: expected images of the release {release.path}, found {len(unknown)} that it does not have: "
                f"{_some(unknown)}"
            )
    return len(elsewhere)


def _signatures(bleu: BleuOptions, idf: str, meteor: Iterable[str]) -> dict[str, str]:
    signatures = {
        "tokens": f"{tokens.SIGNATURE}|case:lower|punctuation:removed",
        "BLEU": bleu_signature(bleu),
        "CIDEr-D": cider_signature(idf),
        "ROUGE-L": ROUGE,
        "CHAIR": "CHAIR|objects:the release's categories|hypernym:allowed|mentions:names, synonyms, inflected",
    }
    for language in dict.fromkeys(meteor):
        from mic21.evaluation.meteor_score import meteor_signature  # nltk is not in the base install

        signatures[f"nltk METEOR, {language}"] = meteor_signature(language)
    return signatures


def _some(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(map(str, ids[:_SHOWN])) + more


def _share(pairs: Iterable[tuple[int, int]]) -> float | None:
    """The sum of the first of each pair to that of the second."""
    part, whole = map(sum, zip(*pairs, strict=True))
    return part / whole if whole else None


def _mean(values: Iterable[float]) -> float:
    array: npt.NDArray[np.float64] = np.fromiter(values, dtype=np.float64)
    return float(array.mean()) if len(array) else 0.0
