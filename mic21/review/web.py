"""What the two small servers of the review share: they answer until interrupted, with a task that runs beside them."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

import uvicorn
from starlette.applications import Starlette


def serve(app: Starlette, host: str, port: int, beside: Callable[[], Coroutine[None, None, None]]) -> None:
    """Answer requests until interrupted.

    Args:
        app: what answers.
        host: address to listen at.
        port: to listen at.
        beside: begun once requests are answered, and cancelled at the end.

    Raises:
        OSError: the port is taken.
    """
    asyncio.run(_serve(app, host, port, beside))


async def _serve(app: Starlette, host: str, port: int, beside: Callable[[], Coroutine[None, None, None]]) -> None:
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not (server.started or serving.done()):
        await asyncio.sleep(0.05)
    task = asyncio.create_task(beside())
    try:
        await serving
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
