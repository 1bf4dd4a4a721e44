"""Requests and answers: the little of HTTP that the routes see.

A request reads its body under a limit; an answer is a status, bytes (or pieces of them as they are
made) and headers; a refusal is the error that becomes an answer.  This and `asgi` replace a web
framework because the hot route is measured in tens of microseconds and the whole surface is a dozen
fixed paths (decision 037).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from stoker.core.errors import StokerError
from stoker.serve.serve_settings import ServeSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = b"application/json"
_ONLY_ONCE = (b"host", b"authorization", b"content-type", b"content-encoding", b"origin")
_DISCARD_S = 2.0


@dataclass(frozen=True)
class BadInput:
    """One cell of a request that cannot be used."""

    row: int
    column: str | None
    reason: str
    found: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The cell as the answer states it."""
        return {"row": self.row, "column": self.column, "found": self.found, "reason": self.reason}


class Refusal(StokerError):
    """A request that is not answered as asked; the text is safe to show to the client."""

    def __init__(
        self,
        what: str,
        *,
        status: int = 400,
        expected: str | None = None,
        cells: tuple[BadInput, ...] = (),
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """Keep the status, the bad cells and headers beside the text."""
        super().__init__(what, expected=expected)
        self.status, self.cells, self.headers = status, cells, headers

    def to_json(self) -> dict[str, Any]:
        """The refusal as the body of an answer."""
        error: dict[str, Any] = {"status": self.status, "message": self.what}
        if self.expected:
            error["expected"] = self.expected
        if self.cells:
            error["cells"] = [cell.to_json() for cell in self.cells]
        return {"error": error}


class ClientGone(Exception):
    """The client closed the connection before its request was whole or answered."""


Pieces = AsyncGenerator[bytes, None]
"""A body that comes piece by piece, as it is made (`streams`)."""


@dataclass(slots=True)
class Answer:
    """What goes back."""

    body: bytes | Pieces
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_bytes(value: Any) -> bytes:
    """JSON; numpy numbers and arrays are written as they are."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def json_answer(value: Any, status: int = 200) -> Answer:
    """An answer in JSON; numpy numbers and arrays are written as they are."""
    return Answer(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY), status)


def refusal_answer(refusal: Refusal) -> Answer:
    """A refusal in the server's own form."""
    answer = json_answer(refusal.to_json(), refusal.status)
    answer.headers = refusal.headers
    return answer


class BodyBudget:
    """Bytes of bodies that a worker holds at once."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        """Allow `limit` bytes."""
        self.held, self.limit = 0, limit


class Request:
    """One request: method, path, headers by lower-case name, and the body when asked for.

    Raises:
        Refusal: If a header that must be single stands there twice.
    """

    __slots__ = ("_budget", "_receive", "_whole", "headers", "held", "method", "path", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        """Index the headers."""
        self.scope, self._receive, self._whole = scope, receive, False
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.held = 0
        self._budget: BodyBudget | None = None
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        if len(self.headers) != len(scope["headers"]):
            names = [name for name, _ in scope["headers"]]
            for name in _ONLY_ONCE:
                if names.count(name) > 1:
                    raise Refusal(f"the header {name.decode()} stands there more than once")

    async def body(self, settings: ServeSettings, budget: BodyBudget) -> bytes:
        """The whole body as it was sent; its size is taken from the budget until `release`.

        Raises:
            Refusal: If it is larger than allowed (413), or the server holds too many bytes already
                (429).
            ClientGone: If the client left before its end.
        """
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > settings.max_body_bytes:
            raise _too_large(settings)
        parts: list[bytes] = []
        while not self._whole:
            part = await self._part()
            parts.append(part)
            self.hold(len(part), budget)
            if self.held > settings.max_body_bytes:
                raise _too_large(settings)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def hold(self, num_bytes: int, budget: BodyBudget) -> None:
        """Take bytes from the budget until `release`.

        Raises:
            Refusal: If the server holds too many already (429).
        """
        self._budget = budget
        self.held += num_bytes
        budget.held += num_bytes
        if budget.held > budget.limit:
            raise too_busy("too many bytes are waiting", 1)

    def release(self) -> None:
        """Give back what the body took."""
        if self._budget is not None:
            self._budget.held -= self.held
        self.held = 0

    def waits_for(self, answers: asyncio.Future[Any]) -> None:
        """What the connection cancels should the client leave."""
        self.scope.setdefault("state", {})["waits_for"] = answers

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._whole = not message.get("more_body", False)
        return message.get("body", b"")

    async def discard(self, limit: int) -> None:
        """Read what is left of the body and drop it, so that a refusal reaches the client.

        Closing a socket with unread bytes resets it, and the client would see the reset instead of
        the answer.  Stops after `limit` bytes or two seconds.
        """
        if b"expect" in self.headers or not (
            b"content-length" in self.headers or b"transfer-encoding" in self.headers
        ):
            return
        try:
            async with asyncio.timeout(_DISCARD_S):
                while not self._whole and limit > 0:
                    limit -= len(await self._part())
        except TimeoutError:
            return


def too_busy(what: str, retry_s: int) -> Refusal:
    """The refusal of a request that should come back later."""
    return Refusal(
        what,
        status=429,
        expected=f"another try in {retry_s} s",
        headers=((b"retry-after", str(retry_s).encode()),),
    )


def _too_large(settings: ServeSettings) -> Refusal:
    limit = settings.max_body_bytes
    return Refusal("the body is too large", status=413, expected=f"at most {limit} bytes")
