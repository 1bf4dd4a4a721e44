"""Answers that come piece by piece: each piece in time, and none for a client that has left.

Each piece is due within the deadline of a request.  If the first is late, or refuses, the client is
told as of any other answer, because nothing is sent before it.  A later one that is late cuts the
connection, which is the only way in HTTP/1.1 to say that an answer is not whole.

A client that leaves stops the generator at once, wherever it waits; its `finally` blocks run.  One
that does not read is paced by the connection, and cut by its deadline.

Cost: nothing for answers that are whole; a task a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stoker.serve.messages import ClientGone, Pieces, Receive, Refusal, Send


async def next_piece(pieces: Pieces, deadline_s: float) -> bytes | None:
    """The next piece, or None at the end.

    Raises:
        Refusal: If it does not come within the deadline (504), or whatever it raises itself.
    """
    deadline = asyncio.timeout(deadline_s)
    try:
        async with deadline:
            return await anext(pieces, None)
    except TimeoutError:
        if not deadline.expired():
            raise
        raise Refusal(f"no answer within {deadline_s:g} s", status=504) from None


async def send_pieces(send: Send, first: bytes | None, pieces: Pieces, deadline_s: float) -> int:
    """Send the body of an answer whose head is sent, but for its end; how many bytes it had.

    Raises:
        Refusal: If a piece is late (504), or whatever a piece raises itself.
    """
    num_bytes, piece = 0, first
    while piece is not None:
        num_bytes += len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = await next_piece(pieces, deadline_s)
    return num_bytes


@asynccontextmanager
async def while_connected(receive: Receive) -> AsyncIterator[None]:
    """Stops what is within when the client leaves.

    Raises:
        ClientGone: If it left.
    """
    task = asyncio.current_task()
    assert task is not None
    is_within = True

    def stop(_: asyncio.Future[None]) -> None:
        if is_within:
            task.cancel()

    leaving = asyncio.ensure_future(_until_gone(receive))
    leaving.add_done_callback(stop)
    try:
        yield
    except asyncio.CancelledError:
        if not leaving.done():
            raise
        task.uncancel()
        raise ClientGone from None
    finally:
        is_within = False
        leaving.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
