"""The small servers' common part: what goes wrong beside them, and ports that are taken."""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from mic21.corpus.store import Corpus
from mic21.errors import ReviewError, UsageError
from mic21.review.listen import listen
from mic21.review.server import Server
from mic21.review.web import bind, serve


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with bind("127.0.0.1", 0) as found:
        yield found


def test_an_error_beside_the_server_ends_it_and_is_raised(listener: socket.socket) -> None:
    def refuse() -> None:
        raise ReviewError("the server refuses the key")

    with pytest.raises(ReviewError, match="refuses the key"):
        serve(Starlette(), listener, lambda: asyncio.to_thread(refuse))


def test_serving_goes_on_when_the_task_beside_it_is_done(listener: socket.socket) -> None:
    address = "http://{}:{}".format(*listener.getsockname())
    answers: list[int] = []

    def ask() -> None:
        answers.append(httpx.get(address).status_code)
        signal.raise_signal(signal.SIGINT)

    async def begin() -> None:
        threading.Timer(0.5, ask).start()

    app = Starlette(routes=[Route("/", lambda _: Response(status_code=204))])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            serve(app, listener, begin)
    finally:
        signal.signal(signal.SIGINT, before)
    assert answers == [204]


def test_a_taken_port_is_named_before_anything_is_asked_of_the_server(corpus: Corpus, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with Server("http://127.0.0.1:9", "key") as nobody, pytest.raises(UsageError, match=f"127.0.0.1:{port}: expected"):
        listen(corpus, nobody, lambda: None, secret="secret", host="127.0.0.1", port=port)
