from pathlib import Path

import pytest
import torch
from torch import Tensor

from mic21.captioner.cache import Cache
from mic21.captioner.data import see
from mic21.captioner.decoding import Search, decode
from mic21.captioner.model import STREAMS, CaptionerModel, Seen, Shape
from mic21.captioner.run import Run, names_of_release, open_run
from mic21.captioner.settings import Settings
from mic21.captioner.training import train
from mic21.release.reader import Release

VOCABULARY, EOS, LENGTH = 40, 2, 12


def _model(**changes: object) -> CaptionerModel:
    torch.manual_seed(7)
    sizes = {"dim": 32, "layers": 2, "heads": 4, "dropout": 0.1, "vocabulary": VOCABULARY, "text_dim": 16}
    seen = {"grid_dim": 6, "grid_cells": 4, "object_dim": 6, "max_tokens": LENGTH + 3}
    model = CaptionerModel(Shape(**(sizes | seen | changes)), torch.randn(VOCABULARY, 16) * 2)
    with torch.no_grad():  # fresh weights are too small to prefer anything
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.mul_(3 if name != "output.weight" else 6)
    return model.eval()


def _seen(images: int) -> Seen:
    random = torch.Generator().manual_seed(3)
    counts = [index % 4 for index in range(images)]
    is_object = torch.tensor([[place < count for place in range(3)] for count in counts])
    objects, geometry, names = (torch.randn(images, 3, size, generator=random) for size in (6, 6, 16))
    kept = is_object[..., None]
    return Seen(torch.randn(images, 4, 6, generator=random), objects * kept, geometry * kept, names * kept, is_object)


def _part(seen: Seen, start: int, stop: int) -> Seen:
    most = max(1, int(seen.is_object[start:stop].sum(dim=1).max()))
    objects = (part[start:stop, :most] for part in (seen.objects, seen.geometry, seen.names, seen.is_object))
    return Seen(seen.grid[start:stop], *objects)


NEVER = torch.tensor([index in (0, 1, 3) for index in range(VOCABULARY)])


def _decode(model: CaptionerModel, seen: Seen, **options: object) -> list[list[int]]:
    search = Search(**({"max_tokens": LENGTH} | options))  # type: ignore[arg-type]
    return decode(model, seen, [1, 4, 5], eos=EOS, never=NEVER, search=search)


@torch.no_grad()
def _greedy_without_cache(model: CaptionerModel, seen: Seen) -> list[list[int]]:
    """The plain way: all tokens anew at each step, one image at a time."""
    texts = []
    for index in range(len(seen.is_object)):
        tokens = [1, 4, 5]
        while len(tokens) < LENGTH + 3:
            logits = model(_part(seen, index, index + 1), torch.tensor([tokens]))[0, -1]
            tokens.append(int(logits.masked_fill(NEVER, -torch.inf).argmax()))
            if tokens[-1] == EOS:
                break
        texts.append([token for token in tokens[3:] if token != EOS])
    return texts


@torch.no_grad()
def _beam_without_cache(model: CaptionerModel, seen: Seen, beams: int, penalty: float) -> list[int]:
    """Beam search over lists, for one image."""
    found: list[tuple[list[int], float, bool]] = [([], 0.0, False)]
    for _ in range(LENGTH):
        grown = []
        for text, score, is_ended in found:
            if is_ended:
                grown.append((text, score, True))
                continue
            logits = model(seen, torch.tensor([[1, 4, 5, *text]]))[0, -1].masked_fill(NEVER, -torch.inf)
            for token, value in enumerate(logits.log_softmax(dim=0).tolist()):
                grown.append(([*text, token], score + value, token == EOS))
        found = sorted(grown, key=lambda one: -one[1] / len(one[0]) ** penalty)[:beams]
    return [token for token in found[0][0] if token != EOS]


def test_greedy_is_the_likeliest_token_each_time_with_and_without_cache() -> None:
    model, seen = _model(), _seen(12)
    texts = _decode(model, seen)
    assert texts == _greedy_without_cache(model, seen)
    assert len({tuple(text) for text in texts}) > 6 and len({len(text) for text in texts}) > 1


@pytest.mark.parametrize(("beams", "penalty"), [(1, 0.7), (3, 0.0), (3, 0.7), (5, 1.0)])
def test_beams_are_those_of_a_search_over_lists(beams: int, penalty: float) -> None:
    model, seen = _model(), _seen(6)
    expected = [_beam_without_cache(model, _part(seen, index, index + 1), beams, penalty) for index in range(6)]
    assert _decode(model, seen, beams=beams, length_penalty=penalty) == expected


@pytest.mark.parametrize("beams", [1, 4])
def test_batches_change_nothing(beams: int) -> None:
    model, seen = _model(), _seen(10)
    together = _decode(model, seen, beams=beams)
    assert together == _decode(model, seen, beams=beams)
    for size in (1, 3):
        parts = [_decode(model, _part(seen, start, min(10, start + size)), beams=beams) for start in range(0, 10, size)]
        assert [text for part in parts for text in part] == together


def test_more_beams_find_likelier_texts() -> None:
    model, seen = _model(), _seen(12)

    @torch.no_grad()
    def score(texts: list[list[int]]) -> Tensor:
        totals = []
        for index, text in enumerate(texts):
            tokens = [1, 4, 5, *text, *([EOS] if len(text) < LENGTH else [])]
            logits = model(_part(seen, index, index + 1), torch.tensor([tokens[:-1]]), start=2)[0]
            likely = logits.masked_fill(NEVER, -torch.inf).log_softmax(dim=-1)
            totals.append(sum(float(likely[place, token]) for place, token in enumerate(tokens[3:])))
        return torch.tensor(totals)

    greedy, beams = (score(_decode(model, seen, beams=count, length_penalty=0.0)) for count in (1, 6))
    assert (beams >= greedy - 1e-4).all() and (beams > greedy + 1e-2).any()


def test_no_sequence_comes_twice() -> None:
    model, seen = _model(), _seen(12)
    for beams in (1, 4):
        texts = _decode(model, seen, beams=beams, no_repeat=1)
        assert all(len(set(text)) == len(text) for text in texts)
    assert any(len(set(text)) < len(text) for text in _decode(model, seen))


def test_what_is_blocked_is_not_said() -> None:
    model, seen = _model(), _seen(4)
    free = _decode(model, seen)
    search = Search(max_tokens=LENGTH)
    first, pair = free[0][0], tuple(free[1][:2])
    blocked = [{(): frozenset({first})}, {pair[:1]: frozenset({pair[1]})}, {}, {}]
    texts = decode(model, seen, [1, 4, 5], eos=EOS, never=NEVER, search=search, blocked=blocked)
    assert first not in texts[0]
    assert pair not in set(zip(texts[1], texts[1][1:], strict=False))
    assert texts[2:] == free[2:]


@pytest.mark.parametrize("streams", [("grid",), ("objects",), ("names",), STREAMS])
def test_a_model_sees_its_streams_and_no_other(streams: tuple[str, ...]) -> None:
    model, seen = _model(streams=streams), _seen(5)
    tokens = torch.tensor([[1, 4, 5, 6]] * 5)
    before = model(seen, tokens)
    changes = {
        "grid": Seen(seen.grid.flip(2), seen.objects, seen.geometry, seen.names, seen.is_object),
        "objects": Seen(seen.grid, seen.objects.flip(2), seen.geometry + 1, seen.names, seen.is_object),
        "names": Seen(seen.grid, seen.objects, seen.geometry, seen.names.flip(2), seen.is_object),
    }
    for stream, changed in changes.items():
        differs = not torch.allclose(model(changed, tokens)[1:4], before[1:4], atol=1e-5)
        assert differs == (stream in streams)


def test_what_fills_up_a_batch_is_not_seen() -> None:
    model, seen = _model(), _seen(5)
    noise = torch.where(seen.is_object[..., None], seen.objects, torch.randn_like(seen.objects) * 50)
    changed = Seen(seen.grid, noise, seen.geometry, seen.names, seen.is_object)
    tokens = torch.tensor([[1, 4, 5, 6]] * 5)
    assert torch.equal(model(changed, tokens), model(seen, tokens))


def test_no_token_sees_those_after_it() -> None:
    model, seen = _model(), _seen(2)
    one, two = model(seen, torch.tensor([[1, 4, 5, 6, 7]] * 2)), model(seen, torch.tensor([[1, 4, 5, 6, 30]] * 2))
    assert torch.allclose(one[:, :4], two[:, :4], atol=1e-5) and not torch.allclose(one[:, 4], two[:, 4], atol=1e-3)


@pytest.fixture(scope="module")
def run(release: Release, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("decoding") / "run"
    train(release, features, folder, Settings.of("tiny", batch_size=16, epochs=6, evaluate_every=6))
    return open_run(folder)


def test_a_trained_model_writes_the_same_in_any_batch(release: Release, features: Path, run: Run) -> None:
    cached = Cache(features, release).split("train")
    ids = release.images(split="train")["id"].to_pylist()
    names = run.names(names_of_release(release))
    views = [cached.view(id, 0) for id in ids]

    def write(size: int, beams: int) -> list[list[int]]:
        parts = [
            decode(
                run.model,
                see(views[start : start + size], ["en"] * len(views[start : start + size]), names),
                run.tokenizer.prompt("en", "description"),
                eos=run.tokenizer.eos,
                never=run.never,
                search=Search(beams),
            )
            for start in range(0, len(views), size)
        ]
        return [text for part in parts for text in part]

    for beams in (1, 3):
        together = write(len(ids), beams)
        assert together == write(7, beams)
        assert {run.tokenizer.decode(text).split()[0] for text in together} == {"There"}
