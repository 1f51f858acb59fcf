"""Pulls soon after people submit: Label Studio's webhooks are hints, the clock is what one can rely on.

A hint carries nothing that is believed: it says that a pull may be worth while, and the pull asks the server.
"""

import asyncio
import hmac
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mic21.corpus.store import Corpus
from mic21.review import ledger
from mic21.review.server import Server
from mic21.review.web import bind, serve

PATH = "/label-studio"
SECRET_VARIABLE = "MIC21_WEBHOOK_SECRET"
EVENTS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED")


def listen(
    corpus: Corpus,
    server: Server,
    pull: Callable[[], None],
    *,
    secret: str,
    host: str,
    port: int,
    address: str | None = None,
    every: float = 600,
    quiet: float = 2,
) -> None:
    """Pull now, after hints, and every so often, until interrupted; the webhooks are made first and deleted at the end.

    Args:
        corpus: whose projects to listen for.
        server: that sends the hints.
        pull: called for each pull, one at a time, from another thread; it reports what the next one may do better, and
            what it raises ends the listening.
        secret: without which a hint is refused.
        host: address to listen at.
        port: to listen at.
        address: where the server reaches this listener, `http://HOST:PORT` by default.
        every: seconds after which to pull without a hint.
        quiet: seconds to wait after a hint, for people submit in bursts.

    Raises:
        UsageError: the port is taken.
        ReviewError: the server cannot be reached, or refuses a webhook.
    """
    hook = f"{(address or f'http://{host}:{port}').rstrip('/')}{PATH}"
    hint = asyncio.Event()
    with bind(host, port) as listener:
        for project_id in _projects(corpus, server):
            add_webhook(server, project_id, hook, secret)
        try:
            serve(make_app(secret, hint), listener, lambda: _keep_pulling(pull, hint, every, quiet))
        finally:
            for project_id in _projects(corpus, server):
                for webhook in _webhooks(server, project_id, hook):
                    server.delete(f"/api/webhooks/{webhook}/")


def make_app(secret: str, hint: asyncio.Event) -> Starlette:
    """What takes hints: `POST /label-studio` with `Authorization: Bearer <secret>`; anything else is refused."""
    expected = f"Bearer {secret}".encode()

    async def take_hint(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return Response(status_code=401)
        hint.set()
        return Response(status_code=204)

    return Starlette(routes=[Route(PATH, take_hint, methods=["POST"])])


def add_webhook(server: Server, project_id: int, address: str, secret: str) -> None:
    """Let a project send its events to an address; one webhook, however often this is asked for."""
    value = {
        "project": project_id,
        "url": address,
        "send_payload": False,
        "send_for_all_actions": False,
        "headers": {"Authorization": f"Bearer {secret}"},
        "is_active": True,
        "actions": list(EVENTS),
    }
    there = _webhooks(server, project_id, address)
    if there:
        server.patch(f"/api/webhooks/{there[0]}/", value)
    else:
        server.post("/api/webhooks/", value)


async def _keep_pulling(pull: Callable[[], None], hint: asyncio.Event, every: float, quiet: float) -> None:
    while True:
        hint.clear()
        await asyncio.to_thread(pull)
        try:
            await asyncio.wait_for(hint.wait(), every)
        except TimeoutError:
            continue
        await asyncio.sleep(quiet)


def _webhooks(server: Server, project_id: int, address: str) -> list[int]:
    found = server.get("/api/webhooks/", {"project": project_id})
    return [webhook["id"] for webhook in found if webhook["url"] == address]


def _projects(corpus: Corpus, server: Server) -> list[int]:
    with corpus.reading() as connection:
        return [project.project_id for project in ledger.read_projects(connection, server.url)]
