"""What a training starts from: a new run's tokenizer, embedding and sizes, or those of the run that goes on."""

from dataclasses import dataclass
from os.path import relpath
from pathlib import Path

import torch
from torch import Tensor

import mic21
from mic21.captioner.cache import Cache
from mic21.captioner.data import Caption, caption_rows, tokenize
from mic21.captioner.embedding import ppmi_svd, pretrained_embedding
from mic21.captioner.model import Shape
from mic21.captioner.parallel import Ranks
from mic21.captioner.run import (
    RECORD,
    digest_of,
    language_model_folder,
    names_of_release,
    read_embedding,
    read_record,
    read_tokenizer,
    write_run,
)
from mic21.captioner.settings import RunRecord, Settings
from mic21.captioner.tokenizer import Tokenizer
from mic21.errors import CaptionerError, UsageError
from mic21.release.reader import Release


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run's record with what it names, and the captions to train on."""

    record: RunRecord
    tokenizer: Tokenizer
    embedding: Tensor
    captions: list[Caption]


def prepare(
    release: Release, cache: Cache, features: Path, run: Path, settings: Settings, ranks: Ranks, *, resume: bool
) -> Prepared:
    """Make a new run's folder, or check that the one there is of this release, these features and settings.

    Raises:
        CaptionerError: the release has no captions to train on, its features are not there, or the run is there and
            should not be, or is another.
        UsageError: the run was started with other settings.
    """
    rows = caption_rows(release, "train", settings.languages, settings.kinds)
    if not rows:
        raise CaptionerError(f"{release.path}: expected captions in the split train, found none of these languages")
    for split in ("train", "val"):
        cache.split(split)  # what is missing or damaged is found before there is a run
    if run.exists() and not run.is_dir():
        raise CaptionerError(f"{run}: expected a folder for the run, found a file")
    is_there = (run / RECORD).exists()
    if is_there and not resume:
        raise CaptionerError(f"{run}: a run is there already; go on with --resume, or choose another --out")
    ranks.wait()  # all have looked before the first one writes
    if not is_there and ranks.is_first:
        _start(release, cache, features, run, settings, rows)
    ranks.wait()
    record = read_record(run)
    _check(record, release, cache, settings, run)
    tokenizer = read_tokenizer(run, record)
    captions = tokenize(rows, tokenizer, settings.max_tokens)
    if settings.overfit_batch:
        captions = captions[: settings.batch_size]
    return Prepared(record, tokenizer, read_embedding(run, record), captions)


def _start(
    release: Release, cache: Cache, features: Path, run: Path, settings: Settings, rows: list[dict[str, object]]
) -> None:
    languages = sorted({str(row["language"]) for row in rows})
    language_model = None
    if settings.decoder is not None:
        from mic21.captioner.causal import inspect_language_model  # transformers is not in the extra

        folder = language_model_folder(settings)
        language_model = inspect_language_model(folder)
        ends = (language_model.bos, language_model.eos)
        tokenizer = Tokenizer.pretrained(folder, languages=languages, ends=ends)
        vectors = pretrained_embedding(folder, tokenizer)
    elif settings.text is not None:
        tokenizer = Tokenizer.pretrained(Path(settings.text), languages=languages)
        vectors = pretrained_embedding(Path(settings.text), tokenizer)
    else:
        texts = [str(row["text"]) for row in rows]
        names = _category_names(release, languages)
        tokenizer = Tokenizer.train([*texts, *names], languages=languages, size=settings.vocabulary)
        sequences: list[list[int] | tuple[int, ...]] = [
            caption.tokens for caption in tokenize(rows, tokenizer, settings.max_tokens)
        ]
        sequences += tokenizer.encode_batch(names)
        vectors = ppmi_svd(sequences, len(tokenizer), settings.text_dim)
    embedding = torch.from_numpy(vectors)
    shape = Shape(
        dim=language_model.dim if language_model else settings.dim,
        layers=settings.layers,
        heads=settings.heads,
        dropout=settings.dropout,
        streams=settings.streams,
        vocabulary=tokenizer.text_size if language_model else len(tokenizer),
        text_dim=embedding.shape[1],
        grid_dim=cache.settings.grid_dim,
        grid_cells=cache.settings.side**2,
        object_dim=cache.settings.object_dim,
        max_tokens=settings.max_tokens,
    )
    record = RunRecord(
        mic21_version=mic21.__version__,
        settings=settings,
        shape=shape,
        ends=ends if language_model else None,
        decoder_digest=language_model.digest if language_model else None,
        text_size=tokenizer.text_size,
        texts=sorted({(str(row["language"]), str(row["kind"])) for row in rows}),
        release_version=release.version,
        release_digest=release.manifest.digest,
        features=cache.settings,
        features_folder=relpath(features, run),
        train_captions=len(rows),
        threads=torch.get_num_threads(),
        embedding_sha256=digest_of(embedding),
    )
    write_run(run, record, tokenizer, embedding)


def _category_names(release: Release, languages: list[str]) -> list[str]:
    name_of = names_of_release(release)
    ids = release.categories()["id"].to_pylist()
    return sorted({name for language in (*languages, "en") for id in ids if (name := name_of(id, language))})


def _check(record: RunRecord, release: Release, cache: Cache, settings: Settings, run: Path) -> None:
    other = [name for name, value in settings if getattr(record.settings, name) != value]
    if other:
        described = ", ".join(f"{name} {getattr(record.settings, name)!r}" for name in other)
        raise UsageError(f"{run}: was started with {described}; go on with the same, or choose another --out")
    if record.release_digest != release.manifest.digest:
        raise CaptionerError(f"{run}: was trained on another release, version {record.release_version}")
    if record.features != cache.settings:
        raise CaptionerError(f"{run}: was trained on other features, {record.features.signature}")
