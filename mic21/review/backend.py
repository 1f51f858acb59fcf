"""Drafts on demand: a machine-learning backend that Label Studio asks when a person opens a task without drafts.

The drafts are made in the corpus, as `mic21 segment` and `mic21 caption` would, so that their regions have ids that a
pull knows again. Only images of the corpus are drafted, read from the corpus: no address in a task is ever fetched.
"""

import asyncio
import base64
import hmac
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import Captioner
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import Segmenter
from mic21.errors import Mic21Error, ReviewError
from mic21.review import ledger
from mic21.review.labelling import Labelling, read_labelling
from mic21.review.ledger import ReviewProject
from mic21.review.server import Server
from mic21.review.tasks import KEY, MODEL_VERSION, Base, ImageDrafts, make_draft, read_drafts
from mic21.review.web import bind, serve

PASSWORD_VARIABLE = "MIC21_BACKEND_PASSWORD"
USER = "mic21"
_TITLE = "mic21"
_SECONDS = 100  # that Label Studio waits for an answer

Show = Callable[[str], None]
Json = Mapping[str, Any]


class Drafter:
    """Answers Label Studio's requests for predictions out of a corpus."""

    def __init__(
        self, corpus: Corpus, server_url: str, segmenter: Segmenter | None, captioner: Captioner | None, show: Show
    ) -> None:
        """Take what drafts.

        Args:
            corpus: whose images are drafted.
            server_url: address of the server whose projects ask.
            segmenter: drafts masks, if given.
            captioner: drafts captions in the language of a project, if given.
            show: gets a line about each image, and about each that cannot be drafted.
        """
        self._corpus, self._server_url = corpus, server_url.rstrip("/")
        self._segmenter, self._captioner, self._show = segmenter, captioner, show
        self._lock = threading.Lock()

    def predict(self, request: Json) -> list[Json | list[Json]]:
        """A prediction for each task of a request, in its order; an empty list for a task that is none of the corpus.

        Raises:
            ReviewError: the project is none of the corpus, or the request is none of Label Studio's.
        """
        try:
            project = self._project(int(str(request["project"]).partition(".")[0]))
            labelling = read_labelling(self._corpus, request["label_config"], project.language)
            keys = [task["data"].get(KEY) for task in request["tasks"]]
            answered = {task["data"].get(KEY) for task in request["tasks"] if task.get("annotations")}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ReviewError(f"expected a request for predictions, found one without {error}") from error
        with self._lock:
            ids = {key: image_id for key in keys if (image_id := self._image_id(key)) is not None}
            unseen = {image_id for key, image_id in ids.items() if key not in answered}
            drafts = self._draft(project, labelling, list(ids.values()), unseen)
        return [drafts.get(ids.get(key, -1), []) for key in keys]

    def _project(self, project_id: int) -> ReviewProject:
        with self._corpus.reading() as connection:
            for project in ledger.read_projects(connection, self._server_url):
                if project.project_id == project_id:
                    return project
        raise ReviewError(f"{self._server_url}/projects/{project_id}: nothing of this corpus was pushed there")

    def _image_id(self, key: object) -> int | None:
        corpus_id, _, image_id = str(key).rpartition("/")
        return int(image_id) if corpus_id == ledger.corpus_id(self._corpus) and image_id.isdecimal() else None

    def _draft(
        self, project: ReviewProject, labelling: Labelling, ids: Sequence[int], unseen: Collection[int]
    ) -> dict[int, Json]:
        """Image id → prediction; those of images that nobody has answered become what an answer is compared with."""
        failed: list[tuple[int, str]] = []
        if self._segmenter:
            failed += segment(self._corpus, self._segmenter, images=ids).failed
        if self._captioner:
            failed += caption(self._corpus, self._captioner, languages=[project.language], images=ids).failed
        for image_id, reason in failed:
            self._show(f"image {image_id}: {reason}")
        answers: dict[int, Json] = {}
        with self._corpus.writing() as connection:
            selection = self._corpus.selection(images=list(ids))
            images = list(self._corpus.image_rows(selection, connection=connection))
            for found in read_drafts(self._corpus, connection, selection, project.language, images):
                image_id = found.image["id"]
                draft = make_draft(self._on_page(found, labelling), labelling)
                if image_id in unseen:
                    values = {"prediction_digest": draft.digest, "base": draft.base.encode()}
                    ledger.begin_task(connection, project.id, image_id, empty=Base().encode(), **values)
                result = msgspec.json.decode(draft.result)
                answers[image_id] = {"result": result, "score": draft.score, "model_version": MODEL_VERSION}
                self._show(f"image {image_id}: {len(draft.base.regions)} regions, {len(draft.base.texts)} texts")
        return answers

    def _on_page(self, drafts: ImageDrafts, labelling: Labelling) -> ImageDrafts:
        """The drafts without those of categories that the page does not offer; a push brings these onto the page."""
        known, linked = set(labelling.categories.values()), labelling.linked
        shown = [row for row in drafts.annotations if linked.get(row["category_id"], row["category_id"]) in known]
        if hidden := len(drafts.annotations) - len(shown):
            self._show(f"image {drafts.image['id']}: {hidden} drafts of categories that the page lacks; push adds them")
        return replace(drafts, annotations=shown)


def serve_drafts(
    drafter: Drafter, *, password: str, host: str, port: int, beside: Callable[[], None] = lambda: None
) -> None:
    """Answer Label Studio's requests until interrupted.

    Args:
        drafter: what drafts.
        password: that requests must bring, with the user name `mic21` (HTTP basic authentication).
        host: address to listen at.
        port: to listen at.
        beside: called from another thread once requests are answered; what it raises ends the serving.

    Raises:
        UsageError: the port is taken.
    """
    serve(make_app(drafter, password), bind(host, port), lambda: asyncio.to_thread(beside))


def make_app(drafter: Drafter, password: str) -> Starlette:
    """Label Studio's protocol: `GET /health`, `POST /setup`, `POST /predict`, and `GET /versions`."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "UP", "model_class": "mic21"})

    async def setup(_: Request) -> Response:
        return JSONResponse({"model_version": MODEL_VERSION})

    async def versions(_: Request) -> Response:
        return JSONResponse({"versions": [MODEL_VERSION]})

    async def predict(request: Request) -> Response:
        try:
            results = await asyncio.to_thread(drafter.predict, await request.json())
        except ValueError as error:
            return JSONResponse({"error": f"expected JSON ({error})"}, status_code=400)
        except Mic21Error as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"results": results, "model_version": MODEL_VERSION})

    routes = [
        Route("/health", health),
        Route("/setup", setup, methods=["POST"]),
        Route("/versions", versions),
        Route("/predict", predict, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_Password, password=password)])


class _Password:
    """Refuses requests without the password."""

    def __init__(self, app: ASGIApp, password: str) -> None:
        self.app = app
        self._expected = b"Basic " + base64.b64encode(f"{USER}:{password}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                await Response(status_code=401)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def connect_backend(corpus: Corpus, server: Server, address: str, password: str) -> int:
    """Tell every project of the corpus where to ask for drafts; gives how many there are.

    The server asks at once whether the address answers.

    Raises:
        ReviewError: the server refuses, because the address does not answer it.
    """
    with corpus.reading() as connection:
        projects = ledger.read_projects(connection, server.url)
    for project in projects:
        value = {
            "project": project.project_id,
            "url": address,
            "title": _TITLE,
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": USER,
            "basic_auth_pass": password,
            "timeout": _SECONDS,
        }
        there = [found for found in server.get("/api/ml", {"project": project.project_id}) if found["title"] == _TITLE]
        if there:
            server.patch(f"/api/ml/{there[0]['id']}", value)
        else:
            server.post("/api/ml", value)
    return len(projects)
