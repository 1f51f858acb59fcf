"""A server that speaks OpenAI's chat protocol and misbehaves on demand."""

import asyncio
import base64
import io
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

GOOD = {
    "en": {"title": "A dog in the grass", "description": "A black dog runs over the green grass."},
    "bg": {"title": "Куче в тревата", "description": "Черно куче тича по зелената трева."},
}

GERMAN = (
    "Ein Schachspieler denkt über seinen nächsten Zug nach und blickt auf das Schachbrett mit den weißen und "
    "schwarzen Figuren."
)


class ChatApp:
    """Answers each image by its plan: what to do at the first request for it, the second, and so on.

    Attributes:
        plans: width of an image as it was sent → behaviours; once they are used up, and for others, `ok`.
        bodies: every request's JSON, in order.
        keys: every request's Authorization.
        refuses: the kinds of response_format that are answered with 400.
    """

    def __init__(self) -> None:
        self.plans: dict[int, list[str]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.refuses: set[str] = set()
        self.busy = self.most_busy = 0
        self.app = Starlette(routes=[Route("/v1/chat/completions", self.complete, methods=["POST"])])

    async def complete(self, request: Request) -> Response:
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        try:
            await asyncio.sleep(0.02)
            return await self._answer(request)
        finally:
            self.busy -= 1

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("authorization"))
        if body.get("response_format", {}).get("type") in self.refuses:
            return JSONResponse({"error": {"message": "response_format is not supported"}}, 400)
        plan = self.plans.get(sent_image(body).width, [])
        behaviour, _, argument = (plan.pop(0) if plan else "ok").partition(" ")
        if behaviour.isdecimal():
            headers = {"retry-after": argument} if argument else {}
            return JSONResponse({"error": {"message": f"no: {self.keys[-1]}"}}, int(behaviour), headers)
        if behaviour == "reset":
            return StreamingResponse(_broken(), headers={"content-length": "100"})
        if behaviour == "page":
            return PlainTextResponse("<html>It works</html>")
        if behaviour == "slow":
            await asyncio.sleep(float(argument))
        completion = json.dumps(_completion(behaviour, _language(body)))  # in ASCII: half a pair is no UTF-8
        return Response(completion, media_type="application/json")


def sent_image(body: dict[str, Any]) -> Image.Image:
    url = body["messages"][1]["content"][0]["image_url"]["url"]
    return Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/jpeg;base64,"))))


def sent_text(body: dict[str, Any]) -> str:
    return str(body["messages"][1]["content"][1]["text"])


def _language(body: dict[str, Any]) -> str:
    return "bg" if "български" in sent_text(body) else "en"


def _completion(behaviour: str, language: str) -> dict[str, Any]:
    good = GOOD[language]
    texts = {
        "ok": json.dumps(good, ensure_ascii=False),
        "miscounted": json.dumps(good, ensure_ascii=False),
        "slow": json.dumps(good, ensure_ascii=False),
        "fenced": f"```json\n{json.dumps(good)}\n```",
        "truncated": json.dumps(good, ensure_ascii=False)[:-20],
        "prose": "Here is a title: a dog.",
        "empty": "",
        "blank": json.dumps(good | {"description": "  "}),
        "long": json.dumps(good | {"description": "A dog. " * 400}),
        "language": json.dumps(GOOD["bg" if language == "en" else "en"]),
        "absent": json.dumps(good | {"title": "A cat and a dog"}),
        "title": json.dumps({"title": "A chess player thinking about the next move", "description": GERMAN}),
        "nul": '{"title": "A dog\\u0000 here", "description": "A black dog runs."}',
        "surrogate": "Sorry \ud83d",
        "list": "[]",
        "number": json.dumps(good | {"title": 5}),
    }
    message: dict[str, Any] = {"role": "assistant", "content": texts.get(behaviour, "")}
    reason = {"length": "length", "filter": "content_filter"}.get(behaviour, "stop")
    if behaviour == "half_refusal":
        message |= {"content": None, "refusal": "no \ud83d"}
    if behaviour == "refusal":
        message |= {"content": None, "refusal": "I can't help with that."}
    if behaviour == "nothing":
        return {"choices": []}
    usage: dict[str, Any] = {"prompt_tokens": 300, "completion_tokens": 20, "total_tokens": 320}
    if behaviour == "miscounted":
        usage |= {"prompt_tokens": "300"}
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}


async def _broken() -> AsyncIterator[bytes]:
    yield b"{"
    raise ConnectionResetError


@contextmanager
def serving(chat: ChatApp) -> Iterator[str]:
    """The address at which an app answers, on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(chat.app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join()
