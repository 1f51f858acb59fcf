"""Addresses that answer, but are no Label Studio."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mic21.errors import ReviewError
from mic21.review.server import Server


class _LoginPage(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>log in</html>")

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names of http.server

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def login_page() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _LoginPage)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()


def test_a_web_page_where_json_is_expected_is_named(login_page: str) -> None:
    with Server(login_page, "key") as server, Server(login_page, "a.personal.token") as personal:
        asks: list[Callable[[], object]] = [
            lambda: server.get("/api/projects"),
            lambda: server.patch("/api/projects/1", {}),
            lambda: server.post("/api/projects", {}),
            lambda: personal.get("/api/projects"),
        ]
        for ask in asks:
            with pytest.raises(ReviewError, match=f"expected JSON, found text/html; is {login_page} the address"):
                ask()
