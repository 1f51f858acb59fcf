"""Captions for the images of a split, by a trained model: one of each language and kind that it was trained on."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mic21.captioner.cache import Cache, FreshFeatures, SplitFeatures
from mic21.captioner.data import in_turn, see
from mic21.captioner.decoding import Blocked, Search, decode
from mic21.captioner.embedding import NameVectors
from mic21.captioner.encoders import load_encoder
from mic21.captioner.run import Model, Run, names_of_release
from mic21.captioner.tokenizer import Tokenizer
from mic21.captioner.words import WordBlocker
from mic21.errors import CaptionerError
from mic21.release.reader import Release

BlockedFor = Callable[[Sequence[int]], Blocked]  # category ids of an image → what may not be said of it


@dataclass(frozen=True, slots=True)
class Prediction:
    """A caption that the model wrote."""

    image_id: int
    language: str
    kind: str
    caption: str


def write_texts(
    model: Model,
    tokenizer: Tokenizer,
    names: NameVectors,
    features: SplitFeatures,
    image_ids: Sequence[int],
    *,
    language: str,
    kind: str,
    never: Tensor,
    search: Search,
    batch_size: int = 64,
    blocked_for: BlockedFor | None = None,
) -> Iterator[str]:
    """A text for each image, in their order."""
    for batch in in_turn(image_ids, batch_size):
        views = [features.view(image_id, 0) for image_id in batch]
        seen = see(views, [language] * len(batch), names).to(never.device)
        blocked = [blocked_for(ids.tolist()) for _, _, _, ids in views] if blocked_for else []
        prompt = tokenizer.prompt(language, kind)
        found = decode(model, seen, prompt, eos=tokenizer.eos, never=never, search=search, blocked=blocked)
        yield from (tokenizer.decode(ids) for ids in found)


def generate(
    run: Run,
    release: Release,
    split: str,
    *,
    features: Path | None = None,
    languages: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    search: Search | None = None,
    batch_size: int = 64,
    avoid: Sequence[str] = (),
    only_annotated: bool = False,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Prediction]:
    """Caption a split, by language, kind and image.

    Args:
        run: the model.
        release: whose images.
        split: `train`, `val` or `test`.
        features: folder of features; without one the run's own is used where it fits, or else each photograph is
            encoded as it comes.
        languages: BCP 47 tags; those that the run was trained on by default.
        kinds: `title`, `description`; those that the run was trained on by default.
        search: how to look for the best caption.
        batch_size: images at once; it changes nothing but the speed.
        avoid: keys of categories whose words, and those of all below them, may not be said.
        only_annotated: whether only the words of an image's annotated categories, and of what they are kinds of, may
            be said; other words are free.
        limit: the first so many images.
        on_progress: called with (captions done, captions in all).

    Raises:
        CaptionerError: the features are of another encoder, or the run knows no such language.
    """
    max_tokens = run.record.settings.max_tokens
    texts = _texts(run, languages, kinds)
    found = _features(run, release, split, features)
    image_ids = sorted(release.images(split=split)["id"].to_pylist())[:limit]
    names = run.names(names_of_release(release))
    search = capped(search or Search(), max_tokens)
    avoided = [release.ontology[key].id for key in avoid]
    done = 0
    for language, kind in texts:
        found_texts = write_texts(
            run.model,
            run.tokenizer,
            names,
            found,
            image_ids,
            language=language,
            kind=kind,
            never=run.never,
            search=search,
            batch_size=batch_size,
            blocked_for=_blocked_for(run.tokenizer, release, language, avoided, only_annotated),
        )
        for image_id, text in zip(image_ids, found_texts, strict=True):
            yield Prediction(image_id, language, kind, text)
            done += 1
            if on_progress:
                on_progress(done, len(image_ids) * len(texts))


def write_predictions(predictions: Iterator[Prediction], path: Path) -> int:
    """Write predictions as JSON lines, whole or not at all; gives how many there are.

    Raises:
        CaptionerError: the path is a folder.
    """
    if path.is_dir():
        raise CaptionerError(f"{path}: expected a file for the captions, found a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    count = 0
    with temporary.open("w", encoding="utf-8") as file:
        for one in predictions:
            record = {"image_id": one.image_id, "language": one.language, "kind": one.kind, "caption": one.caption}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    temporary.replace(path)
    return count


def capped(search: Search, max_tokens: int) -> Search:
    """The search, for texts that fit into a model's sequences."""
    return Search(search.beams, search.length_penalty, search.no_repeat, min(search.max_tokens, max_tokens - 3))


def _texts(run: Run, languages: Sequence[str] | None, kinds: Sequence[str] | None) -> list[tuple[str, str]]:
    known = run.record.texts
    for wanted, place, what in ((languages, 0, "language"), (kinds, 1, "kind")):
        unknown = set(wanted or ()) - {text[place] for text in known}
        if unknown:
            trained = ", ".join(sorted({text[place] for text in known}))
            raise CaptionerError(f"{run.folder}: {what}: expected one of {trained}, found {', '.join(sorted(unknown))}")
    return [text for text in known if (not languages or text[0] in languages) and (not kinds or text[1] in kinds)]


def _features(run: Run, release: Release, split: str, folder: Path | None) -> SplitFeatures:
    wanted = run.record.features
    if folder is not None:
        cache = Cache(folder, release)
        if (cache.settings.signature, cache.settings.side) != (wanted.signature, wanted.side):
            raise CaptionerError(f"{folder}: expected features of {wanted.signature}, found {cache.settings.signature}")
        return cache.split(split)
    try:
        return _features(run, release, split, run.folder / run.record.features_folder)
    except CaptionerError:  # moved away, or of another release: then the photographs are there to be encoded
        encoder = load_encoder(wanted.encoder, weights=wanted.weights, device=run.device.type, side=wanted.side)
        if encoder.signature != wanted.signature:
            raise CaptionerError(
                f"{run.folder}: expected the encoder {wanted.signature}, found {encoder.signature}"
            ) from None
        return FreshFeatures(release, split, encoder)


def _blocked_for(
    tokenizer: Tokenizer, release: Release, language: str, avoided: Sequence[int], only_annotated: bool
) -> BlockedFor | None:
    if not avoided and not only_annotated:
        return None
    blocker = WordBlocker(tokenizer, release.ontology, language)
    linked: dict[int, Any] = {
        row["id"]: row["key"] for row in release.categories().select(["id", "key"]).to_pylist() if row["key"]
    }
    always = blocker.against(avoided)

    def blocked(category_ids: Sequence[int]) -> Blocked:
        if not only_annotated:
            return always
        ids = [release.ontology[linked[id]].id if id in linked else id for id in category_ids]
        endings = blocker.all_but(ids)
        return {key: endings.get(key, frozenset()) | always.get(key, frozenset()) for key in {*endings, *always}}

    return blocked
