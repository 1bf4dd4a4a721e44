"""One child process that decodes, as its parent sees it: what it was asked and what it answers."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pyarrow as pa

from stoker.cells.image_formats import MAX_PIXELS
from stoker.data._decode_worker import ANSWER, HEADER, OUT_OF_MEMORY

_LONGEST_REASON = 4_096

Take = Callable[[int, bool, bytes], None]
"""Takes the index of a blob, whether it was decoded, and the answer."""


@dataclass(frozen=True)
class ChildLimits:
    """What one picture may cost."""

    memory_bytes: int = 1 << 30
    """Memory; a sound picture of 25 Mpx needs up to about half of it."""
    cpu_s: float = 30.0
    """CPU seconds; a sound picture of 25 Mpx needs about one."""
    wall_s: float = 120.0
    """Seconds on the clock, on a busy machine."""

    def for_pixels(self, max_pixels: int) -> ChildLimits:
        """The same for pictures of up to so many pixels; never less than for 25 Mpx.

        >>> LIMITS.for_pixels(50_000_000).memory_bytes >> 20, LIMITS.for_pixels(9) == LIMITS
        (2048, True)
        """
        times = max(1.0, max_pixels / MAX_PIXELS)
        memory_bytes = int(self.memory_bytes * times)
        return ChildLimits(memory_bytes, self.cpu_s * times, self.wall_s * times)

    def why(self, code: int) -> str | None:
        """Why a picture is refused whose child ended so; None if that says nothing about it."""
        if code in (-signal.SIGKILL, -signal.SIGTERM):
            return None
        if code == OUT_OF_MEMORY:
            return f"needs more than {self.memory_bytes >> 20:,} MiB of memory to decode"
        if code == -signal.SIGPROF:
            return f"takes more than {self.cpu_s:g} s of CPU time to decode"
        if code == -signal.SIGALRM:
            return f"takes more than {self.wall_s:g} s to decode"
        return "makes the decoder crash"


LIMITS = ChildLimits()


class Care(Enum):
    """How a batch is treated, after what became of the child that had it before."""

    LITTLE = 0
    """Its answers are sent together: a sender and a receiver wake once for many small blobs."""
    MORE = 1
    """Each answer is sent at once, so that the blob a child died of is known."""
    MOST = 2
    """One blob that a child died of, alone in a fresh child; what happens now is the verdict."""


@dataclass(frozen=True)
class DecodeBatch:
    """Some blobs that one child gets together."""

    indices: list[int]
    care: Care = Care.LITTLE


@dataclass
class DecodeWork:
    """What is asked about some blobs, and what is not answered yet."""

    request: dict[str, Any]
    answer_bytes: int
    """Length of the answer to a blob that can be decoded."""
    cells: pa.Array
    take: Take
    waiting: deque[DecodeBatch] = field(default_factory=deque)
    """What no child has."""
    left: int = 0
    """Blobs without an answer."""

    def finish(self, index: int, good: bool, answer: bytes) -> None:
        """Take the answer to a blob."""
        self.take(index, good, answer)
        self.left -= 1

    def message(self, batch: DecodeBatch) -> bytes:
        """A batch as a child reads it."""
        blobs = [memoryview(self.cells[index].as_buffer()) for index in batch.indices]
        more = {"sizes": [len(blob) for blob in blobs], "at_once": batch.care is not Care.LITTLE}
        header = json.dumps(self.request | more).encode()
        return b"".join([HEADER.pack(len(header)), header, *blobs])


@dataclass(eq=False)
class Child:
    """One child process."""

    process: subprocess.Popen[bytes]
    connection: socket.socket
    first: DecodeBatch | None
    """What it was started for; None: for anything."""
    ready: bool = False
    blobs: deque[int] = field(default_factory=deque)
    """Blobs that it has not answered yet."""
    care: Care = Care.LITTLE
    """That of its batch."""
    inbox: bytearray = field(default_factory=bytearray)

    def ask(self, work: DecodeWork, batch: DecodeBatch) -> None:
        """Send a batch; a child reads it whole before it answers."""
        self.blobs.extend(batch.indices)
        self.care = batch.care
        with suppress(ConnectionError):  # it is dead, as the next look at it will show
            self.connection.sendall(work.message(batch))

    def answer(self, work: DecodeWork) -> bool:
        """Pass on the answers that are there whole; False if they make no sense."""
        start, inbox = 0, self.inbox
        while self.blobs and len(inbox) - start >= ANSWER.size:
            good, length = ANSWER.unpack_from(inbox, start)
            if length != work.answer_bytes if good else length > _LONGEST_REASON:
                return False
            end = start + ANSWER.size + length
            if len(inbox) < end:
                break
            work.finish(self.blobs.popleft(), good, bytes(inbox[start + ANSWER.size : end]))
            start = end
        del inbox[:start]
        return bool(self.blobs) or not inbox
