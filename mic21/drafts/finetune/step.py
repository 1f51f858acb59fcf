"""Fine-tuning a detector of a subdomain on the splits of a release.

Each evaluation measures what lies on the disk, through the segmenter that will run it, so that the AP that is reported
is that of the drafts to come.
"""

import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from mic21.drafts.finetune import Example, Learner, load_learner
from mic21.drafts.finetune.examples import Sample, objects, read_samples, to_example, write_truth
from mic21.drafts.finetune.report import REPORT, Evaluation, FinetuneReport
from mic21.drafts.segmenters import Photograph, load_segmenter
from mic21.errors import BackendError, ReleaseError, UsageError
from mic21.evaluation.masks import evaluate_masks
from mic21.networks.detector import MODEL, WEIGHTS, write_whole
from mic21.networks.pixels import to_rgb
from mic21.release.reader import Release
from mic21.release.splits import SPLITS

Progress = Callable[[int, int], None]

_MIN_SCORE = 0.05  # AP is the area under a curve that unsure drafts belong to as well
_BATCH = 4


def finetune(
    release: Release,
    subdomain: str,
    backend: str,
    out: str | Path,
    *,
    weights: str | None = None,
    from_scratch: bool = False,
    epochs: int = 20,
    max_steps: int | None = None,
    batch_size: int = 2,
    learning_rate: float = 1e-4,
    patience: int = 5,
    flip: bool = True,
    seed: int = 0,
    device: str = "cpu",
    on_progress: Progress | None = None,
    on_evaluation: Callable[[Evaluation], None] | None = None,
) -> FinetuneReport:
    """Learn to find the categories of a subdomain, from the photographs of it that a release has.

    It trains on the split `train`, keeps the weights that have the highest mask AP on `val`, and reports their figures
    on `test`. From the first evaluation on, `out` holds the best weights so far, so that a killed run leaves them.
    The same seed gives the same weights on the CPU, with the same number of threads.

    Args:
        release: to learn from.
        subdomain: key of the subdomain.
        backend: `torchvision` or `detectron2`.
        out: folder to make, which `segment --weights` takes.
        weights: to start from, as the segmenter takes them; by default the backend's, trained on COCO.
        from_scratch: start from random weights.
        epochs: how often every photograph is seen, at most.
        max_steps: how many steps to take, in place of `epochs`.
        batch_size: photographs a step.
        learning_rate: of AdamW at its highest; it comes down to nothing along a cosine.
        patience: evaluations without a better AP after which training stops; there is one after each epoch.
        flip: turn half of the photographs round, left to right, anew each time.
        seed: of the order, the turning round, and the random weights.
        device: a torch device.
        on_progress: called with (steps taken, steps at most).
        on_evaluation: called after each evaluation.

    Raises:
        UsageError: a number that is none.
        OntologyError: there is no such subdomain.
        ReleaseError: the release has no object to learn or none to measure on.
        BackendError: there is no such backend, its weights do not serve, or `out` exists.
    """
    for name, value in {
        "epochs": epochs,
        "max_steps": max_steps,
        "batch_size": batch_size,
        "patience": patience,
    }.items():
        if value is not None and value < 1:
            raise UsageError(f"{name}: expected 1 or more, found {value}")
    folder = Path(out)
    if folder.exists():
        raise BackendError(f"{folder}: expected a folder that is not there yet")
    samples = {split: read_samples(release, release.ontology.subdomain(subdomain).key, split) for split in SPLITS}
    counts = {split: _count(samples[split]) for split in SPLITS}
    drawn = release.ontology.categories(subdomain=subdomain)
    learnt = {category.id: category.key for category in drawn if counts["train"][category.id]}
    found = {split: sum(counts[split][id] for id in learnt) for split in SPLITS}
    for split in ("train", "val"):
        if not found[split]:
            raise ReleaseError(
                f"{release.path}: expected objects of {subdomain} in {split}, found none in "
                f"{len(samples[split])} photographs; annotate more, and build a new release"
            )
    steps = max_steps or epochs * math.ceil(len(samples["train"]) / batch_size)
    learner = load_learner(
        backend,
        list(learnt.values()),
        weights=weights,
        from_scratch=from_scratch,
        device=device,
        learning_rate=learning_rate,
        steps=steps,
        seed=seed,
    )
    measure = partial(_measure, release, backend, device, learnt)
    evaluations, best_step = _train(
        learner,
        _batches(samples["train"], learnt, batch_size, flip, seed),
        folder,
        lambda weights: measure(samples["val"], weights)["AP"] or 0.0,
        steps=steps,
        every=math.ceil(len(samples["train"]) / batch_size),
        patience=patience,
        on_progress=on_progress,
        on_evaluation=on_evaluation,
    )
    report = FinetuneReport(
        backend=backend,
        subdomain=subdomain,
        release_version=release.version,
        release_digest=release.manifest.digest,
        ontology_version=release.manifest.ontology_version,
        categories=list(learnt.values()),
        unlearnt={one.key: count for one in drawn if (count := _unseen(counts, one.id))},
        images={split: len(samples[split]) for split in SPLITS},
        objects=found,
        from_scratch=from_scratch,
        batch_size=batch_size,
        learning_rate=learning_rate,
        flip=flip,
        seed=seed,
        evaluations=evaluations,
        best_step=best_step,
        test=measure(samples["test"], folder) if found["test"] else {},
    )
    write_whole(folder / REPORT, report.model_dump_json(indent=1).encode() + b"\n")
    return report


def _count(samples: Sequence[Sample]) -> Counter[int]:
    """Id of a category → how many objects of it the photographs show."""
    return Counter(annotation["category_id"] for sample in samples for annotation in objects(sample))


def _unseen(counts: Mapping[str, Counter[int]], id: int) -> int:
    return 0 if counts["train"][id] else counts["val"][id] + counts["test"][id]


def _batches(
    samples: Sequence[Sample], learnt: Mapping[int, str], size: int, flip: bool, seed: int
) -> Iterator[list[Example]]:
    """Batches without end: every photograph once, in another order each time."""
    random = np.random.default_rng(seed)
    class_of = {id: number for number, id in enumerate(learnt)}
    while True:
        order = random.permutation(len(samples))
        for start in range(0, len(order), size):
            yield [
                to_example(samples[index], class_of, flipped=flip and random.random() < 0.5)
                for index in order[start : start + size]
            ]


def _train(
    learner: Learner,
    batches: Iterator[list[Example]],
    folder: Path,
    measure: Callable[[Path], float],
    *,
    steps: int,
    every: int,
    patience: int,
    on_progress: Progress | None,
    on_evaluation: Callable[[Evaluation], None] | None,
) -> tuple[list[Evaluation], int]:
    """Take steps until they are enough or no longer serve; gives the evaluations, and the step of the best weights."""
    evaluations: list[Evaluation] = []
    losses: list[float] = []
    best, best_at = -1.0, 0
    candidate = folder / ".candidate"
    for step in range(1, steps + 1):
        losses.append(learner.learn(next(batches)))
        if not math.isfinite(losses[-1]):
            raise BackendError(f"step {step}: expected a finite loss, found {losses[-1]}; a lower --lr may help")
        if on_progress:
            on_progress(step, steps)
        if step % every and step < steps:
            continue
        learner.save(candidate)
        evaluations.append(Evaluation(step=step, loss=sum(losses) / len(losses), ap=measure(candidate)))
        losses.clear()
        if on_evaluation:
            on_evaluation(evaluations[-1])
        if evaluations[-1].ap > best:
            best, best_at = evaluations[-1].ap, len(evaluations)
            for name in (MODEL, WEIGHTS):
                (candidate / name).replace(folder / name)
        elif len(evaluations) - best_at >= patience:
            break
    shutil.rmtree(candidate)
    return evaluations, evaluations[best_at - 1].step


def _measure(
    release: Release,
    backend: str,
    device: str,
    learnt: Mapping[int, str],
    samples: Sequence[Sample],
    weights: Path,
) -> dict[str, float | None]:
    """The figures of what the backend drafts with these weights."""
    segmenter = load_segmenter(backend, release.ontology, weights=str(weights), device=device, min_score=_MIN_SCORE)
    predictions = []
    for start in range(0, len(samples), _BATCH):
        batch = samples[start : start + _BATCH]
        photographs = [Photograph(to_rgb(sample.image), sample.record["subdomain"]) for sample in batch]
        for sample, regions in zip(batch, segmenter.segment(photographs), strict=True):
            predictions += [
                {
                    "image_id": sample.record["id"],
                    "category_id": region.category_id,
                    "segmentation": region.rle.to_coco(),
                    "score": region.score,
                }
                for region in regions
            ]
    with tempfile.TemporaryDirectory() as folder:
        truth, found = Path(folder) / "truth.json", Path(folder) / "predictions.json"
        write_truth(truth, samples, learnt)
        found.write_bytes(msgspec.json.encode(predictions))
        return evaluate_masks(found, truth, release.ontology).figures
