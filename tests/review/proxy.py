"""A proxy on loopback that does to requests what networks do: loses answers, breaks connections, cuts bodies short."""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import httpx

Fault = Literal["504 after", "reset before", "reset after", "truncate", "delay"]


class Proxy:
    """Forwards to a server, and does harm as planned.

    Attributes:
        url: its address.
        plan: faults of the next requests that `wanted` picks, in order.
        wanted: what is found in "METHOD path" of the requests to harm; a regular expression.
        seconds: that an answer is delayed.
        harmed: how many requests were.
    """

    def __init__(self, target: str) -> None:
        self.plan: list[Fault] = []
        self.wanted = "POST /api/projects/.*import"
        self.seconds = 4.0
        self.harmed = 0
        self._client = httpx.Client(base_url=target, timeout=120)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _forward(self) -> None:
                proxy.forward(self)

            do_GET = do_POST = do_PATCH = do_DELETE = _forward  # noqa: N815 - the names of http.server

            def log_message(self, *_: object) -> None:
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        fault: Fault | None = None
        if self.plan and re.search(self.wanted, f"{handler.command} {handler.path}"):
            fault = self.plan.pop(0)
            self.harmed += 1
        if fault == "reset before":
            self._reset(handler)
            return
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "host"}
        answer = self._client.request(handler.command, handler.path, content=body, headers=headers)
        if fault == "delay":  # longer than the client waits
            time.sleep(self.seconds)
        if fault in ("reset after", "delay"):
            self._reset(handler)
            return
        status, content = (504, b"gateway timeout") if fault == "504 after" else (answer.status_code, answer.content)
        handler.send_response(status)
        handler.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if fault == "truncate" else content)
        if fault == "truncate":
            handler.close_connection = True

    @staticmethod
    def _reset(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        handler.connection.close()

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = threading.Thread(target=self._httpd.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._httpd.shutdown()
            self._client.close()
