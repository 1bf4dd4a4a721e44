"""What protocols promise, tried in this process: no port, no server.

Every route is sent what it takes, what it cannot take, too much, and what nobody sends.

Cost: some thirty requests and a model that is loaded once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from stoker.serve.asgi import App, make_app
from stoker.serve.load_model import load_model
from stoker.serve.messages import Message, Refusal
from stoker.serve.protocols import Protocol
from stoker.serve.serve_settings import ServeSettings

_LIMIT = 20_000
_SLOW_S = 1.0
_ODD = (b"", b"\0", b"{", b"[]", b"null", b"x" * 300, b"\xff\xfe", b'{"rows": [[[]]]}', b"a,b\n1")
_KINDS = ("application/json", "text/csv", "text/plain", "image/png", "x")


@dataclass(frozen=True)
class Ask:
    """A request and its answer."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"


def assert_protocol(protocol: Protocol, bundle: Path, *, sound: Sequence[Ask]) -> None:
    """Every path is described and under its prefix; whatever is sent is answered as described.

    Args:
        protocol: The protocol.
        bundle: Folder of a bundle that it is to serve.
        sound: Requests that are answered with 200; at least one for each path that takes some.

    Raises:
        AssertionError: If a promise is broken.
    """
    settings = ServeSettings(max_body_bytes=_LIMIT)
    app = make_app(load_model(bundle, settings, version="1"), settings)
    _join(app, protocol)
    routes, (paths, schemas) = protocol.routes(app.deployments), protocol.openapi(app.deployments)
    assert protocol.prefix.startswith("/"), "a prefix starts with /"
    assert all(map(protocol.owns, routes)), "every path stands under the prefix"
    assert paths.keys() <= routes.keys(), f"described are {sorted(paths)}, not {sorted(routes)}"
    told = {routes[path].label for path in paths}
    for path, route in routes.items():
        # Another way to a described path, such as one version of a model, counts as that one.
        assert path in paths or route.label in told, f"{path} is not described"
    assert "Error" not in schemas, "Error is the schema of the server"
    assert _refs([paths, schemas]) <= schemas.keys() | {"Error"}, "every schema is there"
    for path in paths:
        route = routes[path]
        methods = {name.upper() for name in paths[path]}
        assert methods <= route.methods.keys(), f"{path}: described are other methods"
        assert route.methods.keys() - {"HEAD"} <= methods, f"{path}: a method is not described"
        assert "POST" not in methods or any(one.path == path for one in sound), f"{path} is asked"
    _assert_refuses(protocol)
    asyncio.run(_assert_answers(app, paths, sound))


def _join(app: App, protocol: Protocol) -> None:
    """Let it be served beside the others."""
    if protocol not in app.protocols:
        prefixes = [other.prefix for other in app.protocols]
        assert protocol.prefix not in prefixes, f"{protocol.prefix} is another's"
        app.protocols.append(protocol)
        app.routes |= protocol.routes(app.deployments)


def _assert_refuses(protocol: Protocol) -> None:
    for status in (400, 404, 429, 431, 504):
        answer = protocol.error(Refusal("so", status=status, headers=((b"a", b"b"),)))
        assert (answer.status, answer.headers) == (status, ((b"a", b"b"),)), "as refused"
        assert isinstance(answer.body, bytes), "a refusal is whole"
        assert b"so" in answer.body, "a refusal says what is wrong"


async def _assert_answers(app: App, paths: Mapping[str, Any], sound: Sequence[Ask]) -> None:
    for one in sound:
        began = perf_counter()
        status, kind, _ = await send(app, one)
        assert status == 200, f"{one.method} {one.path} is answered {status}"
        assert perf_counter() - began < _SLOW_S, f"{one.path} holds up the others"
        _assert_described(paths, one, status, kind)
    for one in _wrong(sound):
        status, kind, _ = await send(app, one)
        assert status < 500, f"{one.path} is answered {status} to {one.body[:20]!r}"
        _assert_described(paths, one, status, kind)
    for one in sound:
        if one.method == "POST":
            much = Ask("POST", one.path, b" " * (_LIMIT + 1), one.content_type)
            status, _, _ = await send(app, much)
            assert status == 413, f"a body beyond the limit is answered {status}"
    await app.close()


def _wrong(sound: Iterable[Ask]) -> Iterable[Ask]:
    for one in sound:
        if one.method == "POST":
            for body in (*_ODD, one.body[: len(one.body) // 2]):
                yield Ask("POST", one.path, body, one.content_type)
            for kind in _KINDS:
                yield Ask("POST", one.path, one.body, kind)


def _assert_described(paths: Mapping[str, Any], one: Ask, status: int, kind: str) -> None:
    """The status and the form of an answer are those that the document has."""
    if one.path not in paths:
        return
    answers = paths[one.path][one.method.lower()]["responses"]
    told = answers.get(str(status), answers.get("default"))
    assert told is not None, f"{one.path}: {status} is not described"
    forms = told.get("content", {})
    assert not forms or kind in forms, f"{one.path}: {status} is {kind}, described as {[*forms]}"


async def send(app: App, one: Ask) -> tuple[int, str, bytes]:
    """Status, content type and body of an answer; an exception that nobody caught is raised."""
    messages: list[Message] = []
    waiting = [{"type": "http.request", "body": one.body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        return await asyncio.Future()

    async def keep(message: Message) -> None:
        messages.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", one.content_type.encode())]
    headers.append((b"content-length", str(len(one.body)).encode()))
    scope = {
        "type": "http",
        "method": one.method,
        "path": one.path,
        "raw_path": one.path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, keep)
    told = dict(messages[0]["headers"])
    body = b"".join(message.get("body", b"") for message in messages[1:])
    kind = told.get(b"content-type", b"").decode().partition(";")[0]
    return messages[0]["status"], kind, body


def _refs(value: Any) -> set[str]:
    """Names of the schemas that a part of the document points to."""
    if isinstance(value, Mapping):
        mine = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return mine.union(*map(_refs, value.values()))
    return set().union(*map(_refs, value)) if isinstance(value, list) else set()
