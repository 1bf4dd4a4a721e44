"""One client connection: uvicorn's HTTP protocol with the deadlines and limits that it lacks.

A connection that is silent too long is cut: while its headers, its body or its next request are
awaited, and while its answer is not taken.  One timer looks at all connections four times a second,
instead of one timer a request.  When the worker holds as many connections as it may, a new one is
let in and the one that has been silent longest is cut, so that strangers who hold sockets open do
not lock good clients out.

A connection whose client leaves takes its request out of the queue.

Cost: about 3 µs a request; 10,000 idle connections cost about 2 ms a look.

Source: the attack is Slowloris (2009); https://www.rfc-editor.org/rfc/rfc9112#section-9.6 says why
a refused connection is read on for a moment before it is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any, Literal, cast
from urllib.parse import unquote_to_bytes

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from stoker.serve.answer_writer import AnswerWriter, whole
from stoker.serve.messages import Answer, Refusal
from stoker.serve.metrics import Metrics
from stoker.serve.serve_settings import ServeSettings

LOOK_EVERY_S = 0.25
_LINGER_S = 2.0
_FOREVER = float("inf")
_BODY_SLACK_BYTES = 64 * 1024

Reading = Literal["nothing", "head", "body", "refused"]
Refuse = Callable[[str, Refusal], Answer]


class ConnectionBook:
    """All connections of a worker, and the limits they share."""

    def __init__(
        self, settings: ServeSettings, metrics: Metrics, max_connections: int, refuse: Refuse
    ) -> None:
        """Start with no connection.

        Args:
            settings: Deadlines and limits.
            metrics: Where to count.
            max_connections: Most that may be open.
            refuse: Writes a refusal in the form that belongs to a path.
        """
        self.settings, self.metrics, self.max_connections = settings, metrics, max_connections
        self.refuse = refuse
        self.state = ServerState()
        self.draining = False
        self.silent: dict[Connection, None] = {}

    @property
    def connections(self) -> set[Connection]:
        """The open connections."""
        return cast("set[Connection]", self.state.connections)

    def make_room(self) -> None:
        """Cut the connection that has been silent longest if there are too many."""
        if len(self.connections) > self.max_connections and self.silent:
            next(iter(self.silent)).cut("evicted")

    def touch(self, connection: Connection) -> None:
        """The connection was heard, and is awaited again."""
        self.silent.pop(connection, None)
        self.silent[connection] = None

    async def watch(self) -> None:
        """Look at all connections again and again; never ends."""
        loop = asyncio.get_running_loop()
        while True:
            self.state.default_headers = [(b"date", formatdate(time(), usegmt=True).encode())]
            now = loop.time()
            for connection in list(self.connections):
                connection.look(now)
            self.metrics.connections(len(self.connections))
            await asyncio.sleep(LOOK_EVERY_S)


class Connection(HttpToolsProtocol):
    """One connection, from its first byte to its end."""

    def __init__(self, config: Config, book: ConnectionBook) -> None:
        """A connection that nothing was heard of yet."""
        super().__init__(config, book.state, {})
        self._book, self._settings = book, book.settings
        self._reading: Reading = "nothing"
        self._deadline = _FOREVER
        self._write_deadline = _FOREVER
        self._num_bytes = 0
        self._is_head_too_large = self._is_head_behind = False
        self._running: RequestResponseCycle | None = None
        self.url = b""

    # --- the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came; its headers are due."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._await_head()
        self._book.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left: what it asked for is not computed any more."""
        super().connection_lost(exc)
        self._book.silent.pop(self, None)
        for cycle in (self._running, self.cycle):
            if cycle is not None and not cycle.response_complete:
                _abandon(cycle)

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the limits of head and body.

        A head is parsed up to its limit only, so that what comes at once is counted as what drips
        in.
        """
        if self._reading == "refused":
            return
        if self._reading == "nothing":
            self._await_head()
        free = self._settings.max_header_bytes + 1 - self._num_bytes
        if self._reading == "head" and 0 < free < len(data):
            if self._parse(data[:free]):
                self.data_received(data[free:])
        else:
            self._parse(data)

    def _parse(self, data: bytes) -> bool:
        """Parse some bytes; whether those behind them are to be looked at."""
        self._num_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "upgrades are not taken; send plain HTTP/1.1 without Upgrade")
        except httptools.HttpParserError:
            if self._is_head_too_large:
                self._refuse_head()
            else:
                self._refuse(400, "this is not HTTP/1.1")
        else:
            return self._check_size()
        return False

    def pause_writing(self) -> None:
        """The client does not take its answer: it has until the deadline."""
        super().pause_writing()
        self._write_deadline = self.loop.time() + self._settings.body_timeout_s

    def resume_writing(self) -> None:
        """The client took it."""
        super().resume_writing()
        self._write_deadline = _FOREVER

    # --- the parser

    def on_message_begin(self) -> None:
        """A request begins; several may come in one piece."""
        super().on_message_begin()
        # Its first bytes are in the piece that is being parsed, and are not counted.
        self._is_head_behind = self._reading == "nothing"
        if self._is_head_behind:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those after the body (trailers) are dropped, nobody may add a key there."""
        if self._reading == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the body is due, and the application starts."""
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise ValueError("not HTTP/1")
        if self._is_head_behind and self._head_bytes() > self._settings.max_header_bytes:
            self._is_head_too_large = True
            raise ValueError("too large")
        self._reading = "body"
        self._num_bytes = 0
        self._deadline = self.loop.time() + self._settings.body_timeout_s
        super().on_headers_complete()
        if self._book.draining:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._reading = "nothing"
        self._num_bytes = 0
        self._deadline = _FOREVER
        if self.cycle.response_complete:
            self._await_next()
        else:
            self._book.silent.pop(self, None)

    # --- answers

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle

        async def answer(scope: Any, receive: Any, _: Any) -> None:
            await app(scope, receive, AnswerWriter(cycle))

        super()._start_asgi_task(cycle, answer)

    def on_response_complete(self) -> None:
        """An answer is written: the next request of this connection may start."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._reading == "nothing":
            self._await_next()

    # --- limits

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come, and no answer is owed."""
        is_answered = self.cycle is None or self.cycle.response_complete
        if self._reading == "head":
            return is_answered and self._num_bytes == 0
        return is_answered and self._reading == "nothing"

    def drain(self) -> None:
        """Close after the answer that is owed; one that owes none is closed by the worker."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def look(self, now: float) -> None:
        """Cut the connection if it broke a deadline."""
        if now > self._write_deadline:
            self.cut("answer_not_taken")
        elif now > self._deadline and not self.flow.read_paused:
            self.cut(f"silent_{self._reading}")
        elif self.transport.is_closing() and self._write_deadline == _FOREVER:
            self._write_deadline = now + self._settings.body_timeout_s

    def cut(self, reason: str) -> None:
        """Close at once, dropping what was not sent."""
        if reason != "silent_nothing":
            self._book.metrics.closed(reason)
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()

    def _await_head(self) -> None:
        self._reading = "head"
        self._num_bytes = 0
        self._deadline = self.loop.time() + self._settings.header_timeout_s
        self._book.touch(self)

    def _await_next(self) -> None:
        self._deadline = self.loop.time() + self._settings.keep_alive_s
        self._book.touch(self)

    def _check_size(self) -> bool:
        """Refuse what is too large; whether it is not."""
        if self._reading == "head" and self._num_bytes > self._settings.max_header_bytes:
            self._refuse_head()
        elif self._num_bytes > 3 * self._settings.max_body_bytes + _BODY_SLACK_BYTES:
            self._refuse(413, f"the body exceeds {self._settings.max_body_bytes} bytes")
        else:
            return True
        return False

    def _head_bytes(self) -> int:
        """Bytes of target and headers so far, as they are usually written."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_head(self) -> None:
        self._refuse(431, f"the headers exceed {self._settings.max_header_bytes} bytes")

    def _refuse(self, status: int, text: str) -> None:
        """Answer without the application, then read on for a moment and close.

        While an earlier request of this connection is being answered, only that one is: an answer
        written now would be taken for its answer.
        """
        self._book.metrics.closed(f"refused_{status}")
        cycle, running = self.cycle, self._running
        if running is not None and not running.response_complete and running is not cycle:
            self.transport.abort()
            return
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                self.flow.pause_reading()
                return
            _abandon(cycle)
            if cycle.response_started:
                self.transport.abort()
                return
        self._reading, self._deadline = "refused", self.loop.time() + _LINGER_S
        self._book.touch(self)
        self.flow.resume_reading()
        path = unquote_to_bytes(self.url.partition(b"?")[0]).decode("utf-8", "replace")
        self.transport.write(whole(self._book.refuse(path, Refusal(text, status=status))))
        self.transport.write_eof()


def _abandon(cycle: RequestResponseCycle) -> None:
    """Tell the application that nobody waits for this answer any more."""
    cycle.disconnected = True
    cycle.message_event.set()
    waits_for = cycle.scope.get("state", {}).get("waits_for")
    if waits_for is not None:
        waits_for.cancel()
