"""Serves the page and its documents on this machine.

Whoever can open the page can see everything that it shows, so it listens on loopback unless it is told otherwise,
answers to no other host name (against DNS rebinding), and lets a browser load nothing from anywhere else.
"""

import html
import socket
import threading
import time
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mic21.errors import Mic21Error, UsageError
from mic21.explorer.documents import Documents
from mic21.explorer.site_files import CONTENT_SECURITY_POLICY, page_file

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
_LOST = """<!doctype html>
<html lang="en">
<title>mic21: not found</title>
<link rel="stylesheet" href="/page/style.css">
<main class="lost"><h1>{title}</h1><p>{reason}</p><p lang="bg">Няма такава страница.</p>
<p><a href="/">mic21</a></p></main>
</html>
"""


def make_app(documents: Documents, *, hosts: tuple[str, ...] | None = LOOPBACK) -> Starlette:
    """The application.

    Args:
        documents: what it serves.
        hosts: the names under which it may be asked; None for any.
    """

    def page(request: Request) -> Response:
        data, media_type = page_file(request.path_params.get("name", "index.html"))
        return Response(data, media_type=media_type, headers={"cache-control": "no-cache"})

    def document(request: Request) -> Response:
        is_current = documents.refresh() == request.query_params.get("v")
        found = documents.read(request.path_params["path"])
        kept = "private, max-age=31536000, immutable" if is_current else "no-store"
        return Response(found.data, media_type=found.media_type, headers={"cache-control": kept})

    def search(request: Request) -> Response:
        return JSONResponse(documents.search(request.query_params.get("q", "")), headers={"cache-control": "no-store"})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page/{name}", page),
            Route("/data/{path:path}", document),
            Route("/search", search),
        ],
        middleware=[Middleware(_Guard, hosts=hosts)],
        exception_handlers={404: _lost, UsageError: _lost, Mic21Error: _lost},
    )


def _lost(request: Request, error: Exception) -> Response:
    """A clear page for a bad address; JSON where a program asked."""
    is_known = isinstance(error, Mic21Error)
    status = 500 if is_known and not isinstance(error, UsageError) else 404
    reason = str(error) if is_known else "There is nothing at this address."
    if request.url.path.startswith(("/data/", "/search")):
        return JSONResponse({"error": reason}, status)
    title = "Not found" if status == 404 else "This cannot be read"
    return Response(_LOST.format(title=title, reason=html.escape(reason)), status, media_type="text/html")


class _Guard:
    """Refuses foreign host names and adds the headers that bind the browser, to every answer."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        host = Request(scope).headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        app = self._app
        if self._hosts is not None and name not in self._hosts:
            app = Response(f"expected to be asked as {self._hosts[0]}", 421, media_type="text/plain")
        await app(scope, receive, guarded)


def serve(
    documents: Documents,
    *,
    host: str,
    port: int | None,
    on_start: Callable[[str], None],
    opens_browser: bool,
) -> None:
    """Serve until interrupted.

    Args:
        documents: what to serve.
        host: address to listen at.
        port: to listen at; None for 8021, or any free one where that is taken.
        on_start: called with the page's address once it answers.
        opens_browser: whether to open it in the browser.

    Raises:
        UsageError: the port is taken, or the address is none of this machine.
    """
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    app = make_app(documents, hosts=(*LOOPBACK, shown) if host in ("127.0.0.1", "::1", "localhost") else None)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", server_header=False))

    def ready() -> None:
        on_start(address)
        if opens_browser:
            webbrowser.open(address)
        documents.prepare()
        time.sleep(3)  # the first pictures come first
        documents.search("a")  # makes the index, so that nobody waits for it

    def wait() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.02)
        if server.started:
            ready()

    threading.Thread(target=wait, daemon=True).start()
    server.run(sockets=[listener])


def _listen(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (8021, 0) if port is None else (port,):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, wanted))
        except OSError as error:
            listener.close()
            problem = error
            continue
        return listener
    raise UsageError(f"{host}:{port or ''}: cannot listen there: {problem}") from problem
