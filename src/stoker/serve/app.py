"""The application: a table of fixed paths behind one gate.

Every path is known when the server starts, because it serves one model, so routing is a look-up
and whatever is not in the table is 404.  A route needs the key unless it says that it is open.  No
web framework is used: with one table and one gate there is nothing that a new route could forget,
and a request takes 7 us here, gate and metrics included, where Starlette's bare route takes 16.

It is a plain ASGI application, so that other ASGI servers can run it too; the deadlines against
slow sockets and the drain are the work of `connection` and `worker`.

Source: ASGI, https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter, time

import orjson

from stoker import __version__
from stoker.serve import page
from stoker.serve.batcher import Batcher, BatchLimits
from stoker.serve.gate import AccessGate
from stoker.serve.keys import Keys
from stoker.serve.messages import (
    Answer,
    BodyBudget,
    ClientGone,
    Receive,
    Refusal,
    Request,
    Scope,
    Send,
    json_answer,
)
from stoker.serve.metrics import Metrics
from stoker.serve.protocols import rest, v2
from stoker.serve.protocols.openapi import openapi_document
from stoker.serve.served_model import Answers, Picture, ServedModel, Unit
from stoker.serve.settings import ServeSettings
from stoker.serve.unpack import read_body
from stoker.serve.unseen import UnseenWatch

Handler = Callable[[Request], Awaitable[Answer]]
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_DISCARD_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Route:
    """One path and what may be done with it."""

    label: str
    """How metrics name it."""
    methods: dict[str, Handler]
    is_open: bool = False
    """Whether it may be used without a key; only for probes that say nothing about the model."""


class App:
    """The ASGI application of one model."""

    def __init__(
        self, model: ServedModel, settings: ServeSettings, keys: Keys, metrics: Metrics
    ) -> None:
        """Build the batcher, the gate and the table of routes."""
        self.model, self.settings, self.metrics = model, settings, metrics
        self.ready = True
        max_pixels = settings.pixel_limit(sum(model.max_pixels.values()))
        limits = BatchLimits(
            max_batch=settings.max_batch,
            max_pixels=max_pixels,
            queue=settings.queue,
            queue_s=settings.queue_s,
            deadline_s=settings.deadline_s,
        )
        self.batcher = Batcher(model.answer, metrics, limits)
        self.routes = self._make_routes()
        self._gate = AccessGate(settings, keys)
        self._count_pixels = _pixel_counter(model, max_pixels)
        self._budget = BodyBudget(settings.max_buffered_bytes)
        self._unseen = UnseenWatch(metrics)
        self._unknown = Route("unknown", {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def close(self) -> None:
        """Finish what waits and end the model's thread."""
        await self.batcher.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        route = self.routes.get(scope["path"], self._unknown)
        try:
            answer = await self._answer(route, scope, receive)
        except ClientGone:
            self.metrics.reject("client_gone")
            return
        seconds = perf_counter() - began
        # Before it is sent: whoever has the answer may ask for the counts, or kill this process.
        self.metrics.request(route.label, answer.status, seconds)
        await _send(send, answer)
        if self.settings.access_log:
            _log(scope, route, answer, seconds)

    async def _answer(self, route: Route, scope: Scope, receive: Receive) -> Answer:
        request: Request | None = None
        try:
            request = Request(scope, receive)
            self._gate.check(request, is_open=route.is_open)
            handler = route.methods.get(request.method)
            if handler is None:
                raise _no_handler(route, request)
            return await handler(request)
        except Refusal as refusal:
            self.metrics.reject(f"status_{refusal.status}")
            if request is not None:
                await request.discard(_DISCARD_BYTES)
            return _refuse(refusal, scope["path"])
        finally:
            if request is not None:
                request.release(self._budget)

    def _make_routes(self) -> dict[str, Route]:
        get, post = self._get, self._post
        predict = post("/predict", self._predict)
        model = f"/v2/models/{self.model.name}"
        document = openapi_document(self.model, __version__)
        routes = {
            "/": get("/", lambda: page.page(self.model)),
            "/page.css": get("/page.css", page.style),
            "/page.js": get("/page.js", page.script),
            "/predict": predict,
            "/openapi.json": get("/openapi.json", lambda: json_answer(document)),
            "/metrics": get("/metrics", self.metrics.page),
            "/healthz": get("/healthz", lambda: json_answer({"live": True}), is_open=True),
            "/readyz": get("/readyz", self._readiness, is_open=True),
            "/v2": get("/v2", lambda: v2.server_metadata(__version__)),
            "/v2/health/live": get(
                "/v2/health/live", lambda: json_answer({"live": True}), is_open=True
            ),
            "/v2/health/ready": get("/v2/health/ready", self._readiness, is_open=True),
        }
        for path in (model, f"{model}/versions/{self.model.version}"):
            routes[path] = get("/v2/models", lambda: v2.model_metadata(self.model))
            routes[f"{path}/ready"] = get("/v2/models/ready", self._model_readiness)
            routes[f"{path}/infer"] = post("/v2/models/infer", self._infer)
        return routes

    def _get(self, label: str, make: Callable[[], Answer], *, is_open: bool = False) -> Route:
        async def handler(_: Request) -> Answer:
            return make()

        return Route(label, {"GET": handler, "HEAD": handler}, is_open)

    def _post(self, label: str, handler: Handler) -> Route:
        return Route(label, {"POST": handler})

    async def _predict(self, request: Request) -> Answer:
        body = await self._body(request)
        asked = rest.read_rows(request, body, self.model, self.settings.max_rows)
        answers = await self._wait(request, asked.rows)
        return rest.write_answers(answers, self.model, single=asked.single, ignored=asked.ignored)

    async def _infer(self, request: Request) -> Answer:
        body = await self._body(request)
        asked = v2.read_infer(request, body, self.model, self.settings.max_rows)
        return asked.write(await self._wait(request, asked.rows))

    async def _body(self, request: Request) -> bytes:
        self.batcher.check_room()
        return await read_body(request, self.settings, self._budget)

    async def _wait(self, request: Request, rows: Unit) -> Answers:
        """The answers; the connection cancels the future when its client leaves."""
        future = self.batcher.submit(rows, self._count_pixels(rows))
        request.scope.setdefault("state", {})["waits_for"] = future
        try:
            answers = await future
        except asyncio.CancelledError:
            if future.cancelled():
                raise ClientGone from None
            raise
        self._unseen.add(answers.num_rows, answers.unseen)
        return answers

    def _readiness(self) -> Answer:
        return json_answer({"ready": self.ready}, 200 if self.ready else 503)

    def _model_readiness(self) -> Answer:
        value = {"name": self.model.name, "ready": self.ready}
        return json_answer(value, 200 if self.ready else 503)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def make_app(
    model: ServedModel,
    settings: ServeSettings | None = None,
    keys: Keys | None = None,
    metrics: Metrics | None = None,
) -> App:
    """The ASGI application that serves a model.

    Args:
        model: The Predictor with its name and version.
        settings: BatchLimits and batching; the defaults if absent.
        keys: Access keys; none lets everybody in.
        metrics: Where to count; a fresh registry if absent.
    """
    return App(model, settings or ServeSettings(), keys or Keys(), metrics or Metrics())


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *_SECURITY,
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _pixel_counter(model: ServedModel, limit: int) -> Callable[[Unit], int]:
    """What counts the pixels of a request and refuses too many."""
    columns = model.max_pixels
    if not columns:
        return lambda _: 0
    # Only here, so that a model without pictures does not load Pillow.
    from stoker.serve.pixels import cells_of, count_pixels

    def count(rows: Unit) -> int:
        if isinstance(rows, Picture):
            (most,) = columns.values()
            return count_pixels([(rows.data, most)], limit)
        return count_pixels(cells_of(rows, columns), limit)

    return count


def _refuse(refusal: Refusal, path: str) -> Answer:
    if path.startswith("/v2"):
        return v2.error_answer(refusal)
    answer = json_answer(refusal.to_json(), refusal.status)
    answer.headers = refusal.headers
    return answer


def _no_handler(route: Route, request: Request) -> Refusal:
    if route.methods:
        allow = ", ".join(sorted(route.methods))
        return Refusal(
            f"{request.method} is not allowed here",
            status=405,
            expected=allow,
            headers=((b"allow", allow.encode()),),
        )
    if request.path.startswith("/v2/models/"):
        return Refusal("no such model, version or action", status=404, expected="see /openapi.json")
    return Refusal("there is nothing at this path", status=404, expected="see /openapi.json")


def _log(scope: Scope, route: Route, answer: Answer, seconds: float) -> None:
    """One line of JSON; the path as it came, never headers or bodies."""
    line = {
        "time": round(time(), 3),
        "client": (scope.get("client") or ("",))[0],
        "method": scope["method"],
        "path": scope["path"][:200],
        "route": route.label,
        "status": answer.status,
        "reason": HTTPStatus(answer.status).phrase,
        "ms": round(seconds * 1000, 3),
        "bytes": len(answer.body),
    }
    sys.stderr.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stderr.buffer.flush()
