"""Captions from a server that speaks OpenAI's protocol: a real one on loopback, which misbehaves on demand."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mic21.cli import run
from mic21.corpus.ingest import Facts, ingest
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import load_captioner
from mic21.drafts.captioners.chat import ChatServer, RequestFailed
from mic21.drafts.segment import segment
from mic21.errors import BackendError
from tests.drafts.chat_server import GOOD, ChatApp, sent_image, sent_text, serving
from tests.drafts.test_steps import RedSegmenter

ROOT = Path(__file__).parents[2]


@pytest.fixture
def chat() -> ChatApp:
    return ChatApp()


@pytest.fixture
def url(chat: ChatApp) -> Iterator[str]:
    with serving(chat) as address:
        yield address


@pytest.fixture
def dogs(corpus: Corpus, tmp_path: Path) -> Corpus:
    """Twelve pictures of the widths 60, 70 … 170, each with a dog as the segmenter sees it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(21)
    for number in range(1, 13):
        image = np.array(
            Image.fromarray(random.integers(0, 50, (5, 6, 3), dtype=np.uint8)).resize((50 + 10 * number, 50))
        )
        image[10:30, 10:40] = (255, 0, 0)
        Image.fromarray(image).save(folder / f"{number:02}.png")
    ingest(corpus, [folder], facts=Facts(subdomain="chess"))
    segment(corpus, RedSegmenter(corpus.ontology))
    return corpus


def captioner(corpus: Corpus, url: str, **options: Any) -> Any:
    return load_captioner("openai", corpus.ontology, weights="gemma3:4b", url=url, **options)


def texts(corpus: Corpus, **filters: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in corpus.captions(**filters).to_pylist():
        found.setdefault(row["image_id"], []).append(row["text"])
    return found


def test_every_kind_of_answer_becomes_a_draft_or_a_failure(chat: ChatApp, url: str, dogs: Corpus) -> None:
    behaviours = [
        "429 0", "500", "reset", "ok", "truncated", "prose", "empty", "blank", "long", "language", "refusal", "filter",
    ]  # fmt: skip
    chat.plans = {50 + 10 * number: [behaviour] for number, behaviour in enumerate(behaviours, 1)}
    report = caption(dogs, captioner(dogs, url, concurrency=3))
    failed = {
        5: """en: expected JSON, found '{"title": "A dog in the grass", "description": "A black dog '""",
        6: "en: expected JSON, found 'Here is a title: a dog.'",
        7: "en: empty answer",
        8: "en: empty description",
        9: "en: description of 2799 letters, expected at most 1500",
        10: "en: expected en in Latin letters",
        11: "en: refused: I can't help with that.",
        12: "en: refused: the server's content filter",
    }
    assert dict(report.failed) == failed
    assert (report.images, report.drafts) == (12, 8)
    assert report.usage == {"requests": 15, "retries": 3, "prompt_tokens": 3600, "completion_tokens": 240}
    assert 1 < chat.most_busy <= 3
    assert texts(dogs) == {number: list(GOOD["en"].values()) for number in (1, 2, 3, 4)}
    # every failure is kept with what was said, and its image is asked again
    kept = dogs.captions(status="rejected").to_pylist()
    assert {row["image_id"]: "en: " + json.loads(row["attributes"])["failure"] for row in kept} == failed
    assert {row["image_id"]: row["text"] for row in kept}[6] == "Here is a title: a dog."
    again = caption(dogs, captioner(dogs, url))
    assert (again.images, again.drafts, again.failed) == (8, 16, [])
    assert caption(dogs, captioner(dogs, url)).images == 0


def test_how_a_draft_was_made_and_what_it_invents_is_kept_with_it(chat: ChatApp, url: str, dogs: Corpus) -> None:
    chat.plans = {60: ["absent"]}
    caption(dogs, captioner(dogs, url, temperature=0.5, seed=7), images=[1])
    rows = [json.loads(row["attributes"]) for row in dogs.captions().to_pylist()]
    made = {"model": "gemma3:4b", "temperature": 0.5, "seed": 7}
    assert rows == [made, made]  # a cat is none of what is drawn in chess, so that nothing is known of it
    with dogs.writing() as connection:
        connection.exec_driver_sql("UPDATE images SET subdomain = NULL")
    chat.plans = {60: ["absent"]}
    caption(dogs, captioner(dogs, url, temperature=0.5, seed=7), images=[1])
    rows = [json.loads(row["attributes"]) for row in dogs.captions(kind="title").to_pylist()]
    assert rows == [made | {"absent": ["cat"]}]
    assert (chat.bodies[-1]["temperature"], chat.bodies[-1]["seed"]) == (0.5, 7)


def test_the_model_sees_the_photograph_and_what_is_annotated_in_the_language(
    chat: ChatApp, url: str, dogs: Corpus
) -> None:
    caption(dogs, captioner(dogs, url), languages=["bg"], images=[3])
    (body,) = chat.bodies
    assert sent_text(body) == "Theme: шахмат\nAnnotated objects, main one first: куче: 1\nПиши на български език."
    assert "in correct and natural Bulgarian" in body["messages"][0]["content"]
    assert "no names of people, places" in body["messages"][0]["content"]
    sent = np.asarray(sent_image(body).convert("RGB"))
    assert sent.shape == (50, 80, 3)
    assert abs(sent[20, 20].astype(int) - (255, 0, 0)).max() < 40
    schema = body["response_format"]["json_schema"]["schema"]
    assert (schema["required"], schema["additionalProperties"]) == (["title", "description"], False)
    assert texts(dogs) == {3: list(GOOD["bg"].values())}


def test_large_photographs_are_sent_smaller(chat: ChatApp, url: str, corpus: Corpus, tmp_path: Path) -> None:
    Image.effect_noise((3000, 1500), 20).save(tmp_path / "large.png")
    ingest(corpus, [tmp_path / "large.png"])
    caption(corpus, captioner(corpus, url))
    assert sent_image(chat.bodies[0]).size == (1024, 512)


def test_each_language_resumes_by_itself(chat: ChatApp, url: str, dogs: Corpus) -> None:
    chat.plans = {60: ["ok", "prose"]}
    report = caption(dogs, captioner(dogs, url, concurrency=1), languages=["en", "bg"], images=[1, 2])
    assert report.failed == [(1, "bg: expected JSON, found 'Here is a title: a dog.'")]
    asked = len(chat.bodies)
    again = caption(dogs, captioner(dogs, url), languages=["en", "bg"], images=[1, 2])
    assert (again.images, again.drafts, len(chat.bodies) - asked) == (1, 2, 1)
    assert caption(dogs, captioner(dogs, url), languages=["bg"], images=[1, 2]).images == 0


def test_as_many_are_asked_at_once_as_wished_in_all_languages(chat: ChatApp, url: str, dogs: Corpus) -> None:
    chat.plans = {50 + 10 * number: ["slow 0.5"] * 2 for number in range(1, 13)}
    report = caption(dogs, captioner(dogs, url, concurrency=24), languages=["en", "bg"], batch_size=1)
    assert (report.images, report.drafts, report.failed) == (12, 48, [])
    assert 12 < chat.most_busy <= 24


def test_a_title_in_another_language_does_not_hide_behind_a_description(chat: ChatApp, url: str, dogs: Corpus) -> None:
    chat.plans = {60: ["title"]}
    report = caption(dogs, captioner(dogs, url), languages=["de"], images=[1])
    assert report.failed == [(1, "de: expected de, found en")]


def test_what_failed_is_asked_again_with_another_seed_and_the_rest_is_not(
    chat: ChatApp, url: str, dogs: Corpus
) -> None:
    chat.plans = {60: ["prose", "empty"]}
    for _ in range(3):
        caption(dogs, captioner(dogs, url), images=[1, 2])
    asked = [(sent_image(body).width, body["temperature"], body["seed"]) for body in chat.bodies]
    assert sorted(asked) == [(60, 0.0, 0), (60, 0.3, 1), (60, 0.3, 2), (70, 0.0, 0)]
    (row,) = dogs.captions(images=[1], kind="title", status="draft").to_pylist()
    assert json.loads(row["attributes"]) == {"model": "gemma3:4b", "temperature": 0.3, "seed": 2}


def test_nothing_is_asked_where_all_is_accepted(chat: ChatApp, url: str, dogs: Corpus) -> None:
    caption(dogs, captioner(dogs, url), images=[1, 2])
    with dogs.writing() as connection:
        connection.exec_driver_sql("UPDATE captions SET status = 'accepted' WHERE image_id = 1")
        connection.exec_driver_sql("UPDATE annotations SET area = area + 1")
    chat.bodies.clear()
    assert caption(dogs, captioner(dogs, url), images=[1, 2]).images == 1
    assert [sent_image(body).width for body in chat.bodies] == [70]


def test_a_photograph_that_is_missing_is_a_failure_of_its_own(chat: ChatApp, url: str, dogs: Corpus) -> None:
    (row,) = dogs.images(images=[1]).to_pylist()
    dogs.files.path(row["sha256"], row["extension"]).unlink()
    with dogs.writing() as connection:
        connection.exec_driver_sql("UPDATE images SET sha256 = NULL WHERE id = 2")
    report = caption(dogs, captioner(dogs, url), images=[1, 2, 3])
    assert [id for id, _ in report.failed] == [1, 2]
    assert "the stored photograph is missing" in report.failed[0][1]
    assert report.failed[1][1] == "en: 02.png: no photograph was ever stored"
    assert list(texts(dogs)) == [3]


@pytest.mark.parametrize("refuses", [set(), {"json_schema"}, {"json_schema", "json_object"}])
def test_a_server_without_schemas_is_asked_more_simply(
    chat: ChatApp, url: str, dogs: Corpus, refuses: set[str]
) -> None:
    chat.refuses = refuses
    chat.plans = {60: ["fenced"]}
    assert caption(dogs, captioner(dogs, url, concurrency=1), images=[1, 2]).drafts == 4
    formats = [body.get("response_format", {}).get("type") for body in chat.bodies]
    tried = ["json_schema", "json_object", None][: len(refuses) + 1]
    assert formats == [*tried, tried[-1]]  # what was refused once is not tried with the second image


def test_cost_is_counted_by_prices_of_a_million_tokens(chat: ChatApp, url: str, dogs: Corpus) -> None:
    report = caption(dogs, captioner(dogs, url, prompt_price=2.0, completion_price=10.0), limit=5)
    assert report.usage["cost"] == pytest.approx((5 * 300 * 2 + 5 * 20 * 10) / 1e6)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("400", "the server answered 400: no"),
        ("503 0", "the server answered 503 after 2 tries: no"),
        ("529 0", "the server answered 529 after 2 tries: no"),
        ("surrogate", "expected JSON, found 'Sorry \\ud83d'"),
        ("half_refusal", "refused: no \ufffd"),
        ("reset", "the server broke off 2 times (RemoteProtocolError"),
        ("slow 1", "the server broke off 2 times (ReadTimeout"),
        ("page", "expected JSON of the server, found '<html>It works</html>'"),
        ("nothing", "expected a chat completion, found one without list index out of range"),
        ("length", "cut off after 1024 tokens"),
        ("list", "expected a JSON object, found list"),
        ("number", "expected a text for title, found 5"),
    ],
)
def test_what_fails_again_and_again_is_that_image_s_failure(
    chat: ChatApp, url: str, dogs: Corpus, behaviour: str, reason: str
) -> None:
    chat.plans = {60: 4 * [behaviour]}
    report = caption(dogs, captioner(dogs, url, retries=1, timeout=0.5), images=[1, 2])
    ((image, found),) = report.failed
    assert (image, found.startswith(f"en: {reason}")) == (1, True), found
    assert texts(dogs) == {2: list(GOOD["en"].values())}


def test_what_cannot_be_stored_or_counted_is_replaced_or_left_out(chat: ChatApp, url: str, dogs: Corpus) -> None:
    chat.plans = {60: ["nul"], 70: ["miscounted"]}
    report = caption(dogs, captioner(dogs, url), images=[1, 2])
    assert texts(dogs) == {1: ["A dog\ufffd here", "A black dog runs."], 2: list(GOOD["en"].values())}
    assert report.usage == {"requests": 2, "retries": 0, "prompt_tokens": 300, "completion_tokens": 40}


def test_waits_are_what_the_server_asks_for_or_grow(chat: ChatApp, url: str, dogs: Corpus) -> None:
    soon = formatdate(time.time() + 20, usegmt=True)
    chat.plans = {60: ["429 7", f"503 {soon}", "429 86400", "500", "502", "ok"]}
    image = chat_body(60)
    waits: list[float] = []
    server = ChatServer(url, None, timeout=5, retries=5, wait=waits.append)
    assert server.ask(image)["choices"][0]["finish_reason"] == "stop"
    assert (waits[0], waits[2]) == (7, 60)
    assert 17 < waits[1] <= 20
    assert 8 <= waits[3] <= 12 and 16 <= waits[4] <= 24
    chat.plans = {60: ["418"]}
    with pytest.raises(RequestFailed, match="418"):
        server.ask(image)
    assert len(waits) == 5


def chat_body(width: int) -> dict[str, Any]:
    from mic21.drafts.captioners.openai import _data_url

    content = [
        {"type": "image_url", "image_url": {"url": _data_url(Image.new("RGB", (width, 20)))}},
        {"type": "text", "text": "?"},
    ]
    return {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": content}]}


def test_the_key_is_sent_and_never_shown(
    chat: ChatApp, url: str, dogs: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-21")
    chat.plans = {60: 3 * ["400"]}
    report = caption(dogs, captioner(dogs, url), images=[1, 2])
    assert set(chat.keys) == {"Bearer sk-secret-21"}
    assert report.failed == [(1, "en: the server answered 400: no: Bearer …")]
    chat.plans = {60: ["401"]}
    with pytest.raises(BackendError, match=r"found 401 no: Bearer …; set OPENAI_API_KEY") as caught:
        caption(dogs, captioner(dogs, url), images=[1])
    assert "secret" not in str(caught.value)
    dogs.close()
    assert all(b"sk-secret-21" not in path.read_bytes() for path in dogs.path.rglob("*") if path.is_file())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret\n21")
    with pytest.raises(BackendError, match="OPENAI_API_KEY: expected ASCII") as caught:
        captioner(dogs, url)
    assert "secret" not in str(caught.value)


def test_no_server_stops_the_step_and_loses_nothing(chat: ChatApp, dogs: Corpus) -> None:
    with serving(chat) as address:
        caption(dogs, captioner(dogs, address), images=[1])
    with pytest.raises(BackendError, match=r"http://127.0.0.1:\d+/v1: no server answers"):
        caption(dogs, captioner(dogs, address, retries=0))
    assert texts(dogs) == {1: list(GOOD["en"].values())}
    for address in ("localhost:11434", "ftp://x/v1", "http://", "ftp://me:secret@host/v1"):
        with pytest.raises(BackendError, match="--url: expected an address") as caught:
            captioner(dogs, address)
        assert "secret" not in str(caught.value)


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import load_captioner
corpus = Corpus(sys.argv[1])
kill = lambda done, total: done >= 8 and os.kill(os.getpid(), signal.SIGKILL)
openai = load_captioner("openai", corpus.ontology, weights="gemma3:4b", url=sys.argv[3])
caption(corpus, openai, batch_size=4, on_progress=kill)
"""


def test_a_killed_step_asks_nothing_again_that_was_committed(chat: ChatApp, url: str, dogs: Corpus) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, dogs.path, ROOT, url], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(texts(dogs)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert caption(dogs, captioner(dogs, url)).images == 4
    assert sorted(sent_image(body).width for body in chat.bodies) == [50 + 10 * number for number in range(1, 13)]


def test_the_command_shows_drafts_failures_and_tokens(
    chat: ChatApp, url: str, dogs: Corpus, capsys: pytest.CaptureFixture[str]
) -> None:
    chat.plans = {60: ["prose"]}
    options = ["--backend", "openai", "--weights", "gemma3", "--url", url, "-C", str(dogs.path), "--limit", "3"]
    assert run(["caption", *options, "--prompt-price", "1"]) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines()[0] == "image 1: en: expected JSON, found 'Here is a title: a dog.'"
    assert "3 images, 4 captions drafted" in shown.out
    assert "3 requests, 0 retries, 900 prompt tokens, 60 completion tokens, 0.0009 cost" in shown.out


def test_languages_and_kinds_that_cannot_be_asked_for_are_refused(corpus: Corpus) -> None:
    openai = captioner(corpus, "http://127.0.0.1:9/v1")
    with pytest.raises(BackendError, match="found the language 'xx'"):
        openai.caption([], languages=["xx"], kinds=["title"])
    with pytest.raises(BackendError, match="found the kind 'poem'"):
        openai.caption([], languages=["en"], kinds=["poem"])


def test_the_address_comes_from_the_environment_too(
    chat: ChatApp, url: str, dogs: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("MIC21_CAPTION_URL", url)
    assert caption(dogs, load_captioner("openai", dogs.ontology), images=[1]).drafts == 2
    assert os.environ["MIC21_CAPTION_URL"] == url
