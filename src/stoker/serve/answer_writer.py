"""Write answers to a connection: one piece where it can be, else piece by piece.

uvicorn writes the head and the body of an answer apart, and the second write costs as much as the
parsing of a request: each is a packet that the kernel carries to the client.  So an answer that is
whole is written at once.  One that comes in pieces goes through uvicorn's own `send`, which frames
and paces it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from stoker.serve.messages import Answer, Message


class AnswerWriter:
    """Takes the messages of one answer, in place of uvicorn's `send`.

    It relies on `asgi`, which gives the length of a body that comes whole.
    """

    __slots__ = ("_cycle", "_start")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        """An answer of which nothing is known yet."""
        self._cycle = cycle
        self._start: Message = {}

    async def __call__(self, message: Message) -> None:
        """Take the head, which waits for the body, or a piece of the body."""
        cycle = self._cycle
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message.get("more_body") or cycle.response_started:
            await self._pass_on(message)
            return
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.waiting_for_100_continue = False
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(self._bytes(message["body"]))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def _bytes(self, body: bytes) -> bytes:
        cycle = self._cycle
        parts = [STATUS_LINE[self._start["status"]]]
        for name, value in (*cycle.default_headers, *self._start["headers"]):
            parts += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(b"\r\n")
        if cycle.scope["method"] != "HEAD":
            parts.append(body)
        return b"".join(parts)

    async def _pass_on(self, message: Message) -> None:
        """Send a piece as it comes: as a chunk, or plain to HTTP/1.0, until the connection ends."""
        cycle = self._cycle
        is_old = cycle.scope["http_version"] == "1.0"
        if is_old:
            cycle.keep_alive = cycle.chunked_encoding = False
        if not cycle.response_started:
            await cycle.send(cast("Any", self._start))
        if is_old:  # uvicorn holds a body that is no chunk against the length that it was told.
            cycle.expected_content_length = len(message["body"])
        await cycle.send(cast("Any", message))


def whole(answer: Answer) -> bytes:
    """A refusal of what never became a request, as it goes over the wire."""
    assert isinstance(answer.body, bytes)
    head = (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        f"content-type: {answer.content_type.decode()}\r\n"
        f"content-length: {len(answer.body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + answer.body
