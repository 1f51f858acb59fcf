"""One job of the captioner's benchmark in a process of its own: `captioner_jobs.py JOB RELEASE FEATURES`.

The peer is what tutorials of transformers do with VisionEncoderDecoderModel: a decoder with cross-attention over the
encoder's output, captions padded to one length, AdamW. Its GPT-2 has three layers of 16·d² weights, ours two of 24·d².
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mic21.captioner.cache import Cache
from mic21.captioner.data import Caption, batches, caption_rows, collate, tokenize
from mic21.captioner.decoding import Search, decode
from mic21.captioner.reports import StepReport
from mic21.captioner.run import Run, names_of_release, open_run
from mic21.captioner.settings import Settings
from mic21.captioner.training import train
from mic21.release.reader import Release

BATCH, STEPS, WARM, LENGTH, TEXT = 32, 25, 5, 64, 40
SETTINGS = Settings.of("small", languages=("en",), batch_size=BATCH, val_images=0)


def ours(release: Release, features: Path) -> dict[str, float]:
    """Training with cached features."""
    steps: list[StepReport] = []
    with tempfile.TemporaryDirectory() as folder:
        train(release, features, Path(folder) / "run", SETTINGS, max_steps=STEPS, on_step=steps.append)
    timed = steps[WARM:]
    seconds, waits = sum(step.seconds for step in timed), sum(step.wait for step in timed)
    thousands = sum(step.tokens for step in timed) / 1000
    return {"1,000 tokens": seconds / thousands, "of it, waiting for data": waits / thousands}


def peer_cached(release: Release, features: Path) -> dict[str, float]:
    """The peer's loop, given the features."""
    return _peer(release, features, lambda captions, grid: grid)


def peer_uncached(release: Release, features: Path) -> dict[str, float]:
    """The peer's loop, which encodes the photographs of each batch at 224×224 pixels, as they come from their files."""
    from mic21.captioner.encoders.lite0 import Lite0Encoder
    from mic21.networks.pixels import decode_photograph

    network: Any = Lite0Encoder()._network._network
    files = {sample.record["id"]: sample.image_bytes for sample in release.samples("train")}

    @torch.no_grad()
    def encode(captions: list[Caption], _: Tensor) -> Tensor:
        photographs = [Image.fromarray(decode_photograph(files[one.image_id])).resize((224, 224)) for one in captions]
        pixels = torch.from_numpy(np.stack([np.asarray(photograph) for photograph in photographs])).permute(0, 3, 1, 2)
        found: Tensor = network.forward_features((pixels.float() - 127) / 128)
        return found.flatten(2).transpose(1, 2)

    return _peer(release, features, encode)


def _peer(release: Release, features: Path, encode: Callable[[list[Caption], Tensor], Tensor]) -> dict[str, float]:
    with _run(release, features) as run:
        captions = tokenize(caption_rows(release, "train", ("en",), ("title", "description")), run.tokenizer, LENGTH)
        model, project = _gpt2(len(run.tokenizer), run.record.shape.grid_dim)
        optimizer = torch.optim.AdamW([*model.parameters(), *project.parameters()], lr=1e-3)
        split, names = Cache(features, release).split("train"), run.names(names_of_release(release))
        order = [batch for batch in batches([1] * len(captions), BATCH, seed=1, epoch=0) if len(batch) == BATCH]
        tokens, start = 0, 0.0
        for number, batch in enumerate(order[:STEPS]):
            if number == WARM:
                tokens, start = 0, time.perf_counter()
            chosen = [captions[index] for index in batch]
            made = collate(chosen, [0] * BATCH, split, names, run.tokenizer)
            padded = torch.full((BATCH, LENGTH), run.tokenizer.pad)
            padded[:, : made.tokens.shape[1]] = made.tokens
            seen = project(encode(chosen, made.seen.grid.float()))
            is_text = padded != run.tokenizer.pad
            labels = padded.masked_fill(~is_text, -100)
            loss = model(padded, attention_mask=is_text.long(), encoder_hidden_states=seen, labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            tokens += made.targets
        return {"1,000 tokens": (time.perf_counter() - start) / tokens * 1000}


def loader(release: Release, features: Path) -> dict[str, float]:
    """Batches of 64 out of cached features, as training takes them."""
    with _run(release, features) as run:
        captions = tokenize(caption_rows(release, "train", ("en",), ("title", "description")), run.tokenizer, LENGTH)
        split, names = Cache(features, release).split("train"), run.names(names_of_release(release))
        order = batches([len(one.tokens) for one in captions], 64, seed=1, epoch=0)

        def read() -> None:
            for batch in order:
                collate([captions[index] for index in batch], [0] * len(batch), split, names, run.tokenizer)

        (seconds,) = _timed(read).values()
        return {"1,000 images": seconds / len(captions) * 1000}


def greedy_cached(release: Release, features: Path) -> dict[str, float]:
    """40 tokens for each of 32 images with keys and values kept."""
    return _write(release, features, 1)


def beam(release: Release, features: Path) -> dict[str, float]:
    """40 tokens for each of 32 images by five beams."""
    return _write(release, features, 5)


def _write(release: Release, features: Path, beams: int) -> dict[str, float]:
    with _run(release, features) as run:
        seen, prompt = _seen(run, release, features), run.tokenizer.prompt("en", "title")
        never = run.never.clone()
        never[run.tokenizer.eos] = True  # so that all texts have the same length
        search = Search(beams, max_tokens=TEXT)
        return _timed(lambda: decode(run.model, seen, prompt, eos=run.tokenizer.eos, never=never, search=search))


def greedy_uncached(release: Release, features: Path) -> dict[str, float]:
    """The same model, all tokens anew at each step."""
    with _run(release, features) as run:
        seen, prompt = _seen(run, release, features), run.tokenizer.prompt("en", "title")

        @torch.inference_mode()
        def write() -> None:
            tokens = torch.tensor([prompt] * BATCH)
            for _ in range(TEXT):
                best = run.model(seen, tokens, start=tokens.shape[1] - 1)[:, -1].argmax(dim=-1)
                tokens = torch.cat([tokens, best[:, None]], dim=1)

        return _timed(write)


def peer_beam(release: Release, features: Path) -> dict[str, float]:
    """`generate` of transformers, 40 tokens for each of 32 images by five beams."""
    with _run(release, features) as run:
        seen, prompt = _seen(run, release, features), run.tokenizer.prompt("en", "title")
        model, project = _gpt2(len(run.tokenizer), run.record.shape.grid_dim)
        model.eval()

        @torch.inference_mode()
        def write() -> None:
            model.generate(
                torch.tensor([prompt] * BATCH),
                attention_mask=torch.ones(BATCH, len(prompt), dtype=torch.long),
                encoder_hidden_states=project(seen.grid.float()),
                num_beams=5,
                min_new_tokens=TEXT,
                max_new_tokens=TEXT,
                do_sample=False,
                pad_token_id=run.tokenizer.pad,
                eos_token_id=run.tokenizer.eos,
            )

        return _timed(write)


def _timed(write: Callable[[], object]) -> dict[str, float]:
    write()
    start = time.perf_counter()
    write()
    return {"32 captions": time.perf_counter() - start}


def _seen(run: Run, release: Release, features: Path) -> Any:
    captions = tokenize(caption_rows(release, "train", ("en",), ("title",)), run.tokenizer, LENGTH)[:BATCH]
    split, names = Cache(features, release).split("train"), run.names(names_of_release(release))
    return collate(captions, [0] * BATCH, split, names, run.tokenizer).seen


def _gpt2(vocabulary: int, grid_dim: int) -> tuple[Any, torch.nn.Linear]:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=LENGTH,
        n_embd=SETTINGS.dim,
        n_layer=3,
        n_head=SETTINGS.heads,
        add_cross_attention=True,
    )
    return GPT2LMHeadModel(config).train(), torch.nn.Linear(grid_dim, SETTINGS.dim)


@contextmanager
def _run(release: Release, features: Path) -> Iterator[Run]:
    """A run that has taken one step."""
    with tempfile.TemporaryDirectory() as folder:
        train(release, features, Path(folder) / "run", SETTINGS, max_steps=1)
        yield open_run(Path(folder) / "run")


JOBS = (ours, peer_cached, peer_uncached, loader, greedy_cached, greedy_uncached, beam, peer_beam)

if __name__ == "__main__":
    job, release_folder, features_folder = sys.argv[1:]
    chosen = {one.__name__: one for one in JOBS}[job]
    print(json.dumps(chosen(Release(release_folder), Path(features_folder))))
