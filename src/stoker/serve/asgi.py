"""The application: a table of fixed paths behind one gate.

Every path is known when the server starts, because the models and the protocols are, so routing is
a look-up and whatever is not in the table is 404.  A route needs the key unless it says that it is
open.  No protocol is known here by its name: each brings its paths, its errors and its part of the
document (`protocols`).

No web framework is used: with one table and one gate there is nothing that a new route could
forget, and a request takes 8 µs here, gate and metrics included, where it takes 29 in Starlette
(decision 037).

It is a plain ASGI application, so that other ASGI servers can run it too; the deadlines against
slow sockets and the drain are the work of `connection` and `worker`.

Source: ASGI, https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from time import perf_counter, time
from typing import NamedTuple

import orjson

from stoker import __version__
from stoker.core.blame import own_code_error
from stoker.core.errors import RecipeError
from stoker.core.steps import step_name
from stoker.serve.deployment import Deployment
from stoker.serve.gate import AccessGate
from stoker.serve.keys import Keys
from stoker.serve.messages import (
    Answer,
    BodyBudget,
    ClientGone,
    Message,
    Pieces,
    Receive,
    Refusal,
    Request,
    Scope,
    Send,
    refusal_answer,
)
from stoker.serve.metrics import CUT, Metrics
from stoker.serve.openapi import Described, openapi_document
from stoker.serve.own_paths import own_openapi, own_routes
from stoker.serve.protocols import Protocol, find_protocols
from stoker.serve.routes import Route
from stoker.serve.routing import Deployments
from stoker.serve.routing.fixed import Fixed
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.served_model import ServedModel
from stoker.serve.streams import next_piece, send_pieces, while_connected

_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_DISCARD_BYTES = 16 * 1024 * 1024


class _Exchange(NamedTuple):
    """One request on its way."""

    scope: Scope
    receive: Receive
    send: Send
    route: Route
    began: float


class App:
    """The ASGI application of one model."""

    def __init__(
        self, deployments: Deployments, settings: ServeSettings, keys: Keys, metrics: Metrics
    ) -> None:
        """Build the gate and the table of routes."""
        self.deployments, self.settings, self.metrics = deployments, settings, metrics
        self.protocols = find_protocols(settings.protocols)
        self.routes = self._make_routes()
        self._gate = AccessGate(settings, keys)
        self._unknown = Route("unknown", {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's start and end."""
        if scope["type"] != "http":
            await self._live(scope["type"], receive, send)
            return
        route = self.routes.get(scope["path"], self._unknown)
        exchange = _Exchange(scope, receive, send, route, perf_counter())
        try:
            answer = await self._answer(exchange)
            if isinstance(answer.body, bytes):
                await self._send(exchange, answer, answer.body)
            else:
                await self._stream(exchange, answer, answer.body)
        except ClientGone:
            self.metrics.reject("client_gone")

    def refuse(self, path: str, refusal: Refusal) -> Answer:
        """A refusal in the form of the protocol that owns the path, or else in the server's own."""
        for protocol in self.protocols:
            if protocol.owns(path):
                return protocol.error(refusal)
        return refusal_answer(refusal)

    def drain(self) -> None:
        """Say that no further requests are wanted."""
        self.deployments.drain()

    async def close(self) -> None:
        """Finish what waits and end the model's thread."""
        await self.deployments.close()

    async def _answer(self, exchange: _Exchange) -> Answer:
        request: Request | None = None
        try:
            request = Request(exchange.scope, exchange.receive)
            self._gate.check(request, is_open=exchange.route.is_open)
            handler = exchange.route.methods.get(request.method)
            if handler is None:
                raise _no_handler(exchange.route, request)
            return await handler(request)
        except Refusal as refusal:
            if request is not None:
                await request.discard(_DISCARD_BYTES)
            return self._refused(exchange, refusal)
        except ClientGone:
            raise
        except Exception as error:  # a protocol may be anybody's code: answered in its form
            return self._refused(exchange, _mishap(error))
        finally:
            if request is not None:
                request.release()

    def _refused(self, exchange: _Exchange, refusal: Refusal) -> Answer:
        self.metrics.reject(f"status_{refusal.status}")
        return self.refuse(exchange.scope["path"], refusal)

    async def _send(self, exchange: _Exchange, answer: Answer, body: bytes) -> None:
        seconds = self._count(exchange, answer)
        length = (b"content-length", str(len(body)).encode())
        await exchange.send(_start(answer, length))
        await exchange.send({"type": "http.response.body", "body": body})
        self._log(exchange, answer, seconds, len(body))

    async def _stream(self, exchange: _Exchange, answer: Answer, pieces: Pieces) -> None:
        """Send a body as it is made; nothing is sent before its first piece."""
        deadline_s = self.settings.deadline_s
        async with aclosing(pieces), while_connected(exchange.receive):
            try:
                first = await next_piece(pieces, deadline_s)
            except Refusal as refusal:
                refused = self._refused(exchange, refusal)
                assert isinstance(refused.body, bytes)
                await self._send(exchange, refused, refused.body)
                return
            except ClientGone:
                raise
            except Exception as error:  # as above
                refused = self._refused(exchange, _mishap(error))
                assert isinstance(refused.body, bytes)
                await self._send(exchange, refused, refused.body)
                return
            await exchange.send(_start(answer))
            try:
                num_bytes = await send_pieces(exchange.send, first, pieces, deadline_s)
            except Refusal as refusal:
                self._cut(exchange, answer, refusal)
                return
            except ClientGone:
                raise
            except Exception as error:  # as above
                self._cut(exchange, answer, _mishap(error))
                return
            seconds = self._count(exchange, answer)
            await exchange.send({"type": "http.response.body", "body": b""})
        self._log(exchange, answer, seconds, num_bytes)

    def _cut(self, exchange: _Exchange, answer: Answer, refusal: Refusal) -> None:
        """Count and log a body that stays half: what was sent cannot be taken back."""
        self.metrics.reject(f"cut_{refusal.status}")
        seconds = perf_counter() - exchange.began
        self.metrics.request(exchange.route.label, CUT, seconds)
        self._log(exchange, answer, seconds, None)

    def _count(self, exchange: _Exchange, answer: Answer) -> float:
        """Count an answer before it is whole; the seconds that it took.

        Whoever has the answer may ask for the counts, or kill this process.
        """
        seconds = perf_counter() - exchange.began
        self.metrics.request(exchange.route.label, answer.status, seconds)
        return seconds

    def _log(
        self, exchange: _Exchange, answer: Answer, seconds: float, num_bytes: int | None
    ) -> None:
        """One line of JSON if it is wanted; the path as it came, never headers or bodies."""
        if not self.settings.access_log:
            return
        scope = exchange.scope
        line = {
            "time": round(time(), 3),
            "client": (scope.get("client") or ("",))[0],
            "method": scope["method"],
            "path": scope["path"][:200],
            "route": exchange.route.label,
            "status": answer.status,
            "reason": HTTPStatus(answer.status).phrase,
            "ms": round(seconds * 1000, 3),
            "bytes": num_bytes,
            "cut": num_bytes is None,
        }
        sys.stderr.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        sys.stderr.buffer.flush()

    def _make_routes(self) -> dict[str, Route]:
        parts = [own_openapi(), *(one.openapi(self.deployments) for one in self.protocols)]
        model = self.deployments.members[0].model
        _check_schemas(parts, ["the server", *map(step_name, self.protocols)])
        document = openapi_document(model, __version__, parts)
        routes = own_routes(self.deployments, self.metrics, document)
        for protocol in self.protocols:
            theirs = protocol.routes(self.deployments)
            _check_paths(protocol, theirs)
            routes |= theirs
        return routes

    async def _live(self, kind: str, receive: Receive, send: Send) -> None:
        """Follow the server's start and end; there are no websockets."""
        while kind == "lifespan":
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
        settings: Limits and batching; the defaults if absent.
        keys: Access keys; none lets everybody in.
        metrics: Where to count; a fresh registry if absent.
    """
    settings, metrics = settings or ServeSettings(), metrics or Metrics()
    deployment = Deployment(model, settings, metrics, BodyBudget(settings.max_buffered_bytes))
    return App(Deployments([deployment], Fixed()), settings, keys or Keys(), metrics)


def _check_paths(protocol: Protocol, routes: Mapping[str, Route]) -> None:
    """Refuse paths that are told of in nobody's form.

    Raises:
        RecipeError: Naming the first.
    """
    outside = next((path for path in routes if not protocol.owns(path)), None)
    if outside is not None:
        raise RecipeError(
            f"the protocol {step_name(protocol)} has the path {outside}",
            expected=f"paths under its prefix {protocol.prefix}",
        )


def _check_schemas(parts: Sequence[Described], owners: Sequence[str]) -> None:
    """Refuse schemas of one name, of which the last would stand for all.

    Raises:
        RecipeError: Naming it and who has it.
    """
    seen: dict[str, str] = {}
    for part, owner in zip(parts, owners, strict=True):
        for name in part.schemas:
            if name in seen:
                raise RecipeError(
                    f"the schema {name} of the protocol {owner} is one of {seen[name]} too",
                    expected="a name of its own, that no other protocol has",
                )
            seen[name] = owner


def _start(answer: Answer, *more: tuple[bytes, bytes]) -> Message:
    """The first of the messages that ASGI wants of an answer."""
    headers = [(b"content-type", answer.content_type), *more, *_SECURITY, *answer.headers]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _mishap(error: Exception) -> Refusal:
    """An error that nobody foresaw: told whole on the standard error, and to clients that it was.

    What it says may hold anything, a path or a cell of another request.
    """
    own = own_code_error(error)
    traceback.print_exception(error)
    if own is not None:
        sys.stderr.write(f"{type(own).__name__}: {own}\n")
        sys.stderr.flush()
    return Refusal("the server failed at this request; its log says why", status=500)


def _no_handler(route: Route, request: Request) -> Refusal:
    if route.methods:
        allow = ", ".join(sorted(route.methods))
        return Refusal(
            f"{request.method} is not allowed here",
            status=405,
            expected=allow,
            headers=((b"allow", allow.encode()),),
        )
    return Refusal("there is nothing at this path", status=404, expected="see /openapi.json")
