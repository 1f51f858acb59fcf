"""A frozen language model as the decoder: a Llama so small that it is made here, saved and loaded as a user's is."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mic21.captioner.cache import Cache
from mic21.captioner.data import see
from mic21.captioner.decoding import Search, decode
from mic21.captioner.dry_run import dry_run
from mic21.captioner.generate import generate
from mic21.captioner.log import read_log
from mic21.captioner.run import Run, names_of_release, open_run
from mic21.captioner.settings import Settings
from mic21.captioner.tokenizer import EOS, Tokenizer
from mic21.captioner.training import train
from mic21.errors import CaptionerError, UsageError
from mic21.release.reader import Release

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def llama(release: Release, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A Llama of two layers, its end of text its padding too, as many have it, stored in either precision."""
    folder = tmp_path_factory.mktemp("llama") / "model"
    tokenizer = Tokenizer.train(release.captions()["text"].to_pylist(), languages=[], size=320)
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=tokenizer.bos,
        eos_token_id=tokenizer.eos,
        pad_token_id=tokenizer.eos,
    )
    transformers.LlamaForCausalLM(config).to(getattr(torch, request.param)).save_pretrained(folder)
    tokenizer.save(folder / "tokenizer.json")
    return folder


@pytest.fixture(scope="module")
def run(release: Release, features: Path, llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("causal") / "run"
    settings = Settings.of("tiny", decoder=f"hf:{llama}", batch_size=32, epochs=6, evaluate_every=6)
    train(release, features, folder, settings)
    return open_run(folder)


def test_only_projections_are_trained_and_the_loss_falls(run: Run, llama: Path) -> None:
    names = set(load_file(run.folder / "last" / "model.safetensors"))
    assert not any("language_model" in name for name in names)
    assert {"projection.parts.grid.1.weight", "projection.parts.names.1.weight", "control.weight"} <= names
    before = load_file(llama / "model.safetensors")
    after = run.model.language_model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    losses = [line["loss"] for line in read_log(run.folder) if line["type"] == "step"]
    assert losses[-1] < losses[0]


def test_frozen_weights_stay_while_training(release: Release, features: Path, llama: Path, tmp_path: Path) -> None:
    settings = Settings.of("tiny", decoder=f"hf:{llama}")
    train(release, features, tmp_path / "run", settings, max_steps=2)
    before = (llama / "model.safetensors").read_bytes()
    train(release, features, tmp_path / "run", settings, max_steps=4, resume=True)
    assert (llama / "model.safetensors").read_bytes() == before
    model = open_run(tmp_path / "run", checkpoint="last").model
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    assert len(frozen) == len(list(model.language_model.parameters()))


@pytest.mark.parametrize("llama", ["float32"], indirect=True)  # bf16 rounds sums of another order otherwise
def test_cache_beams_and_batches_change_nothing(release: Release, features: Path, run: Run) -> None:
    cached = Cache(features, release).split("train")
    ids = release.images(split="train")["id"].to_pylist()[:9]
    names, prompt = run.names(names_of_release(release)), run.tokenizer.prompt("en", "title")
    seen = see([cached.view(id, 0) for id in ids], ["en"] * 9, names)

    def write(beams: int) -> list[list[int]]:
        search = Search(beams, max_tokens=10)
        return decode(run.model, seen, prompt, eos=run.tokenizer.eos, never=run.never, search=search)

    greedy = write(1)
    with torch.no_grad():
        for row, text in enumerate(greedy):
            alone = see([cached.view(ids[row], 0)], ["en"], names)
            tokens = torch.tensor([[*prompt, *text]])
            likely = run.model(alone, tokens, start=2)[0].masked_fill(run.never, -torch.inf).argmax(dim=-1).tolist()
            assert likely[: len(text)] == text and (len(text) == 10 or likely[len(text)] == run.tokenizer.eos)
            search = Search(3, max_tokens=10)
            one = decode(run.model, alone, prompt, eos=run.tokenizer.eos, never=run.never, search=search)
            assert one == [write(3)[row]]


def test_a_dry_run_counts_the_language_model_as_frozen(release: Release, features: Path, run: Run) -> None:
    figures = dry_run(release, features, run.record.settings)
    frozen = sum(parameter.numel() for parameter in run.model.language_model.parameters())
    assert figures["numbers frozen"] == run.embedding.numel() + frozen


def test_it_writes_captions(release: Release, features: Path, run: Run) -> None:
    written = list(generate(run, release, "test", features=features, languages=["en"]))
    assert len(written) == 2 * len(release.images(split="test")) and EOS not in "".join(one.caption for one in written)


def test_other_language_models_are_refused(release: Release, features: Path, run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="decoder: expected hf:FOLDER, found 'llama'"):
        train(release, features, tmp_path / "one", Settings.of("tiny", decoder="llama"))
    with pytest.raises(CaptionerError, match="expected a causal language model in safetensors"):
        train(release, features, tmp_path / "two", Settings.of("tiny", decoder=f"hf:{tmp_path}"))
    other = run.record.model_copy(update={"decoder_digest": "0" * 64})
    (tmp_path / "run.json").write_text(other.model_dump_json())
    for name in ("tokenizer.json", "embedding.safetensors"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    (tmp_path / "best").symlink_to((run.folder / "best").resolve())
    with pytest.raises(CaptionerError, match="expected the language model of the training, found other weights"):
        open_run(tmp_path)
