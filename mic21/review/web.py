"""What the two small servers of the review share: they answer until interrupted, with a task that runs beside them."""

import asyncio
import socket
from collections.abc import Callable, Coroutine

import uvicorn
from starlette.applications import Starlette

from mic21.errors import UsageError


def bind(host: str, port: int) -> socket.socket:
    """A socket that takes requests at an address; they wait until `serve` answers them.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise UsageError(f"{host}:{port}: expected a free port, see --host and --port ({error})") from error


def serve(app: Starlette, listener: socket.socket, beside: Callable[[], Coroutine[None, None, None]]) -> None:
    """Answer requests until interrupted, or until what runs beside fails; its error is raised.

    Args:
        app: what answers.
        listener: of `bind`; closed at the end.
        beside: begun once requests are answered, and cancelled at the end.
    """
    with listener:
        asyncio.run(_serve(app, listener, beside))


async def _serve(app: Starlette, listener: socket.socket, beside: Callable[[], Coroutine[None, None, None]]) -> None:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.05)
    task = asyncio.create_task(beside())
    try:
        await asyncio.wait({serving, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        await serving
    finally:
        server.should_exit = True
        task.cancel()
        await asyncio.gather(serving, task, return_exceptions=True)
