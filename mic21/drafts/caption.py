"""The step that drafts captions: every image whose objects have changed since a backend last described them."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, mark_processed, next_id
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.faithfulness import CaptionTruth
from mic21.corpus.selection import Selection
from mic21.corpus.store import Corpus
from mic21.corpus.tables import encode_json
from mic21.drafts.captioners import CaptionDraft, Captioner, CaptionFailure, Concurrent, Metered, Scene, SceneObject
from mic21.drafts.languages import load_languages
from mic21.drafts.photographs import load_photograph
from mic21.drafts.segment import DraftReport, Progress
from mic21.errors import CorpusError
from mic21.geometry import Rle
from mic21.ontology import Ontology

STEP = "caption"
_MOST_LETTERS = {"title": 150, "description": 1500}
_MOST_OF_ANSWER = 4000  # letters of a failed answer that are kept


class Scorer(Protocol):
    """Says how well texts fit a photograph."""

    signature: str

    def score(self, image: npt.NDArray[np.uint8], texts: Sequence[str]) -> list[float]:
        """One number a text, higher for a better fit; the image is uint8 h×w×3 RGB."""
        ...


def caption(
    corpus: Corpus,
    captioner: Captioner,
    *,
    languages: Sequence[str] = ("en",),
    kinds: Sequence[str] = ("title", "description"),
    subdomain: str | None = None,
    images: Collection[int] | None = None,
    limit: int | None = None,
    batch_size: int = 16,
    scorer: Scorer | None = None,
    on_progress: Progress | None = None,
) -> DraftReport:
    """Draft captions for the images whose objects the captioner has not described as they are now.

    An accepted caption of a language and kind is never drafted again; an undecided one of a model is rejected in favour
    of the new one. Each batch is one transaction, so that a killed step goes on where it stopped, language by language.

    What a captioner gives is looked at: an answer that is empty, far too long or in another language is a failure. Of a
    failed answer the text is kept as a rejected caption whose attributes say why (`failure`); its image is not counted
    as done in that language, so that the next run asks again. A good draft keeps in its attributes how it was made, and
    what it says against the annotations (`absent`, `unsaid`, `unknowable`; see `mic21.corpus.faithfulness`).

    Args:
        corpus: whose images to describe.
        captioner: the backend.
        languages: BCP 47 tags.
        kinds: of `title` and `description`.
        subdomain: only its images.
        images: only these, by id.
        limit: at most so many images.
        batch_size: images a transaction, or as many as the captioner asks for at once, if those are more.
        scorer: says how well a draft fits its photograph, which is kept in its attributes (`clip`); for instance
            `mic21.drafts.alignment.Alignment`.
        on_progress: called with (images done, images in all).

    Raises:
        BackendError: the captioner does not write one of the languages, or its model cannot be reached at all.
    """
    report = DraftReport()
    languages = tuple(dict.fromkeys(languages))
    wanted = f"{captioner.name} {captioner.signature} {','.join(sorted(kinds))}"
    if scorer:
        wanted += f" clip={scorer.signature}"
    todo = _todo(corpus, wanted, corpus.selection(subdomain=subdomain, images=images), languages, kinds)[:limit]
    if not todo:
        return report
    parameters = {"backend": captioner.name, "signature": captioner.signature, "languages": list(languages)}
    run_id = corpus.start_run(STEP, parameters | {"kinds": list(kinds), "subdomain": subdomain})
    judge = _Judge(corpus.ontology, scorer)
    before = dict(captioner.usage) if isinstance(captioner, Metered) else {}
    if isinstance(captioner, Concurrent):
        batch_size = max(batch_size, captioner.concurrency)
    for start in range(0, len(todo), batch_size):
        batch = todo[start : start + batch_size]
        answers = _answers(captioner, batch, kinds)
        judged = {
            (one.image_id, language): judge.judge(answers[one.image_id], one.scene, language)
            for one in batch
            for language in one.languages
        }
        with corpus.writing() as connection:
            for one in batch:
                for language in one.languages:
                    answer = judged[one.image_id, language]
                    if isinstance(answer, CaptionFailure):
                        _write_failure(connection, run_id, one.image_id, kinds[0], answer)
                        report.failed.append((one.image_id, f"{language}: {answer.reason}"))
                    else:
                        _write(connection, run_id, one.image_id, answer, report)
                        mark_processed(connection, run_id, f"{STEP} {language}", one.image_id, one.signature)
        report.images += len(batch)
        if isinstance(captioner, Metered):
            report.usage = {name: used - before.get(name, 0) for name, used in captioner.usage.items()}
        if on_progress:
            on_progress(report.images, len(todo))
    corpus.finish_run(run_id)
    return report


@dataclass(frozen=True, slots=True)
class _Todo:
    """An image, and the languages it is to be described in."""

    image_id: int
    scene: Scene
    signature: str
    languages: tuple[str, ...]


def _todo(
    corpus: Corpus, wanted: str, selection: Selection, languages: Sequence[str], kinds: Sequence[str]
) -> list[_Todo]:
    """What is to be described, ordered by image id; not what has nothing but accepted captions."""
    with corpus.reading() as connection:
        captions = schema.captions.c
        accepted = {
            tuple(row)
            for row in connection.execute(
                select(captions.image_id, captions.language, captions.kind).where(captions.status == "accepted")
            )
        }
        processed = schema.processed.c
        steps = [f"{STEP} {language}" for language in languages]
        statement = select(processed.step, processed.image_id, processed.signature).where(processed.step.in_(steps))
        done = {tuple(row) for row in connection.execute(statement)}
        failures = _failures(connection)
        scenes = list(_scenes(corpus, connection, selection))
    todo = []
    for image_id, scene in scenes:
        digest = hashlib.sha256(repr((scene.width, scene.height, scene.subdomain, scene.objects)).encode()).hexdigest()
        signature = f"{wanted} {digest[:16]}"
        missing = tuple(
            language
            for language in languages
            if (f"{STEP} {language}", image_id, signature) not in done
            and not all((image_id, language, kind) in accepted for kind in kinds)
        )
        if missing:
            scene = replace(scene, failures=failures.get(image_id, {}))
            todo.append(_Todo(image_id, scene, signature, missing))
    return todo


def _failures(connection: Connection) -> dict[int, dict[str, int]]:
    """Image id → language → how many failed answers are kept."""
    captions = schema.captions.c
    statement = select(captions.image_id, captions.language).where(
        captions.status == "rejected", captions.origin == "model", captions.attributes.contains('"failure":')
    )
    found: dict[int, dict[str, int]] = {}
    for image_id, language in connection.execute(statement):
        of_image = found.setdefault(image_id, {})
        of_image[language] = of_image.get(language, 0) + 1
    return found


Answer = Sequence[CaptionDraft | CaptionFailure]


def _answers(captioner: Captioner, batch: Sequence[_Todo], kinds: Sequence[str]) -> Mapping[int, Answer]:
    """Image id → answer in all its languages; images that lack the same ones are asked for together."""
    alike: dict[tuple[str, ...], list[_Todo]] = {}
    for one in batch:
        alike.setdefault(one.languages, []).append(one)
    found: dict[int, Answer] = {}
    for languages, several in alike.items():
        answers = captioner.caption([one.scene for one in several], languages=languages, kinds=kinds)
        found |= {one.image_id: answer for one, answer in zip(several, answers, strict=True)}
    return found


def _scenes(corpus: Corpus, connection: Connection, selection: Selection) -> Iterator[tuple[int, Scene]]:
    linked = corpus.linked_categories(connection)
    objects: dict[int, list[SceneObject]] = {}
    ids: dict[int, list[int]] = {}
    for row in corpus.annotation_rows(selection, connection):
        found = SceneObject(
            category_id=linked.get(row["category_id"], row["category_id"]),
            bbox=tuple(row["bbox"]),
            area=row["area"],
            score=row["score"],
            iscrowd=row["iscrowd"],
        )
        objects.setdefault(row["image_id"], []).append(found)
        ids.setdefault(row["image_id"], []).append(row["id"])
    for row in corpus.image_rows(selection, connection=connection):
        image = partial(_photograph, corpus, row)
        masks = partial(_masks, corpus, ids.get(row["id"], []), (row["height"], row["width"]))
        found_here = tuple(objects.get(row["id"], ()))
        yield row["id"], Scene(row["width"], row["height"], row["subdomain"], found_here, image, masks)


def _masks(corpus: Corpus, ids: Sequence[int], size: tuple[int, int]) -> list[Rle]:
    """The masks of an image's objects, ordered by id, whatever was decided about them since they were listed."""
    annotations = schema.annotations.c
    statement = select(annotations.segmentation).where(annotations.id.in_(ids)).order_by(annotations.id)
    with corpus.reading() as connection:
        return [segmentation_rle(segmentation, *size) for segmentation in connection.execute(statement).scalars()]


def _photograph(corpus: Corpus, row: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    if row["sha256"] is None:
        raise CorpusError(f"{row['file_name']}: no photograph was ever stored")
    return load_photograph(corpus, row["sha256"], row["extension"])


class _Judge:
    """Looks at what a captioner gave before it becomes a draft."""

    def __init__(self, ontology: Ontology, scorer: Scorer | None) -> None:
        self._ontology, self._scorer = ontology, scorer
        self._truth = CaptionTruth(ontology)

    def judge(self, answer: Answer, scene: Scene, language: str) -> CaptionFailure | list[CaptionDraft]:
        """The drafts with what they say against the annotations, or why they are none."""
        answer = [found for found in answer if found.language == language]
        failures = [found for found in answer if isinstance(found, CaptionFailure)]
        if failures:
            first = failures[0]
            return replace(first, reason=_storable(first.reason), answer=_storable(first.answer))
        drafts = [replace(found, text=_tidy(found.text)) for found in answer if isinstance(found, CaptionDraft)]
        if drafts and (fault := self._fault(drafts, language)):
            texts = "\n".join(draft.text for draft in drafts)
            return CaptionFailure(language, fault, texts, drafts[0].attributes)
        drafts = [replace(draft, attributes={**draft.attributes, **self._findings(draft, scene)}) for draft in drafts]
        if self._scorer and drafts:
            try:
                image = scene.image()
            except CorpusError as error:
                return CaptionFailure(language, str(error))
            scores = self._scorer.score(image, [draft.text for draft in drafts])
            drafts = [
                replace(draft, attributes={**draft.attributes, "clip": score})
                for draft, score in zip(drafts, scores, strict=True)
            ]
        return drafts

    def _fault(self, drafts: Sequence[CaptionDraft], language: str) -> str | None:
        for draft in drafts:
            most = _MOST_LETTERS[draft.kind]
            if not draft.text:
                return f"empty {draft.kind}"
            if len(draft.text) > most:
                return f"{draft.kind} of {len(draft.text)} letters, expected at most {most}"
        texts = [draft.text for draft in drafts]
        # A long text hides another in a wrong language; two short ones tell together what neither tells alone.
        faults = (load_languages(self._ontology).fault(text, language) for text in (*texts, " ".join(texts)))
        return next((fault for fault in faults if fault), None)

    def _findings(self, draft: CaptionDraft, scene: Scene) -> dict[str, object]:
        annotated: dict[str, float] = {}
        for found in scene.objects:
            if category := self._ontology.get_id(found.category_id):
                annotated[category.key] = annotated.get(category.key, 0) + found.area
        truth = self._truth.faithfulness(draft.text, draft.language, annotated, scene.subdomain)
        unknowable = self._truth.unknowable(draft.text, draft.language)
        findings = {"absent": list(truth.absent), "unsaid": truth.unsaid, "unknowable": list(unknowable)}
        return {name: value for name, value in findings.items() if value}


def _write(
    connection: Connection, run_id: int, image_id: int, drafts: Sequence[CaptionDraft], report: DraftReport
) -> None:
    captions = schema.captions.c
    live = select(captions.id, captions.language, captions.kind, captions.text, captions.status, captions.origin).where(
        captions.image_id == image_id, captions.status.in_(("draft", "accepted"))
    )
    old: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(live):
        old.setdefault((row.language, row.kind), []).append(row)
    superseded: dict[int, dict[str, Any]] = {}
    reread: dict[int, dict[str, Any]] = {}  # the same text, whose annotations may be others
    rows: list[dict[str, Any]] = []
    first = next_id(connection, schema.captions)
    for draft in drafts:
        there = old.get((draft.language, draft.kind), [])
        attributes = encode_json(draft.attributes) if draft.attributes else None
        if any(row.status == "accepted" or row.text == draft.text for row in there):
            same = (row for row in there if row.text == draft.text and (row.status, row.origin) == ("draft", "model"))
            reread |= {row.id: {"attributes": attributes} for row in same}
            continue
        superseded |= {row.id: {"status": "rejected"} for row in there if row.origin == "model"}
        values = {"id": first + len(rows), "image_id": image_id, "language": draft.language, "kind": draft.kind}
        values |= {"text": draft.text, "status": "draft", "origin": "model", "attributes": attributes}
        rows.append(values | {"run_id": run_id})
    report.superseded += change(connection, run_id, "captions", superseded)
    change(connection, run_id, "captions", reread)
    insert_rows(connection, schema.captions, rows)
    report.drafts += len(rows)


_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # control characters, halves of surrogate pairs


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _tidy(text: str) -> str:
    """A text in NFC, in one line, that a database takes."""
    return " ".join(unicodedata.normalize("NFC", _storable(text)).split())


def _write_failure(connection: Connection, run_id: int, image_id: int, kind: str, failure: CaptionFailure) -> None:
    row = {
        "id": next_id(connection, schema.captions),
        "image_id": image_id,
        "language": failure.language,
        "kind": kind,
        "text": unicodedata.normalize("NFC", failure.answer)[:_MOST_OF_ANSWER],
        "status": "rejected",
        "origin": "model",
        "attributes": encode_json({**failure.attributes, "failure": failure.reason}),
        "run_id": run_id,
    }
    insert_rows(connection, schema.captions, [row])
