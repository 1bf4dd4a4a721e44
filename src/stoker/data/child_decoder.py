"""Decode pictures of others in child processes, so that a hostile one costs a row, not the run.

Up to as many children as there are cores take small batches and answer blob by blob.  When one
dies, the blob that it was busy with is tried once more, alone, in a fresh child; if that dies too,
the blob is refused, with a reason that depends on the manner of death.  So an answer depends on the
blob alone: not on the number of children, on what a child did before, or on somebody's `kill`.

A child that is killed from outside twice over the same blob (the kernel's way when memory runs out)
stops the run: a row must not be lost for good because a machine was busy.

Raw pixels that stoker wrote itself (`P5 `) are no files of others: they are decoded right here, and
a dataset of nothing else starts no child.

Cost: 0.25 s of CPU for each child, which starts when there is work for a second of it; about 10
microseconds a blob for the hand-over.  One thread; no child outlives `close`.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.decoder import HERE, Decoder, PictureForm
from stoker.cells.image_formats import MAX_PIXELS
from stoker.cells.pixels import FEWEST_BITS, PictureLook
from stoker.core.closing import Closing
from stoker.core.errors import MachineError
from stoker.core.processors import available_cores
from stoker.data._decode_child import LIMITS, Care, Child, ChildLimits, DecodeBatch, DecodeWork
from stoker.data._decode_worker import BITS, LOOK, READY
from stoker.data.chunks import media_slices
from stoker.store.durable import machine_errors

_WORKER = "stoker.data._decode_worker"
_MOST_CHILDREN = 8
_BATCH_BLOBS = 32
_BATCH_BYTES = 1 << 20
_CHILD_BLOBS = 2_048
"""Blobs that are worth starting another child for."""
_CHILD_BYTES = 8 << 20
"""Bytes that are worth it."""
_RECEIVE_BYTES = 1 << 20
_PATIENCE_S = 10.0
"""How long a child that has closed its socket may take to be gone."""


class ChildDecoder(Decoder, Closing):
    """A decoder in child processes; a context manager.

    Args:
        limits: What one picture of up to 25 Mpx may cost; a larger one may cost more, in
            proportion.
        most_children: Most processes at a time; absent: as many as there are cores, at most 8.
        max_pixels: Most pixels that it will be asked to decode in one picture.
    """

    def __init__(
        self,
        limits: ChildLimits = LIMITS,
        most_children: int | None = None,
        *,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Start nothing yet."""
        self._limits = limits.for_pixels(max_pixels)
        self._most = most_children or min(_MOST_CHILDREN, available_cores())
        self._children: list[Child] = []
        self._selector = selectors.PollSelector()
        self._seen_blobs = self._seen_bytes = 0

    def give_up(self) -> None:
        """End all children, as at a good end."""
        self.close()

    def close(self) -> None:
        """End all children; the decoder may be used again."""
        while self._children:
            self._remove(self._children[0])

    def looks(self, cells: pa.Array, max_pixels: int) -> list[PictureLook | str | None]:
        """See `Decoder`."""
        foreign_N = _foreign_N(cells)
        if not foreign_N.any():
            return HERE.looks(cells, max_pixels)
        found: list[PictureLook | str | None] = [None] * len(cells)
        own = np.flatnonzero(~foreign_N).tolist()
        own_looks = HERE.looks(cells.take(pa.array(own, pa.int64())), max_pixels)
        for index, seen in zip(own, own_looks, strict=True):
            found[index] = seen

        def take(index: int, good: bool, answer: bytes) -> None:
            found[index] = (
                PictureLook(*LOOK.unpack(answer)) if good else answer.decode("utf-8", "replace")
            )

        request = {"act": "look", "max_pixels": max_pixels}
        self._run(DecodeWork(request, LOOK.size, cells, take), np.flatnonzero(foreign_N))
        return found

    def bits(self, cells: pa.Array, max_pixels: int) -> int:
        """See `Decoder`."""
        found = [FEWEST_BITS]

        def take(_: int, good: bool, answer: bytes) -> None:
            if good:
                found.extend(BITS.unpack(answer))

        request = {"act": "bits", "max_pixels": max_pixels}
        self._run(DecodeWork(request, BITS.size, cells, take), np.flatnonzero(_foreign_N(cells)))
        return max(found)

    def pixels(
        self, cells: pa.Array, form: PictureForm, out: np.ndarray | None
    ) -> list[tuple[int, str]]:
        """See `Decoder`."""
        foreign_N = _foreign_N(cells)
        if not foreign_N.any():
            return HERE.pixels(cells, form, out)
        own_N = np.flatnonzero(~foreign_N)
        own_out = None if out is None else np.zeros((len(own_N), *out.shape[1:]), np.uint8)
        own_bad = HERE.pixels(cells.take(pa.array(own_N)), form, own_out)
        bad = {int(own_N[index]): reason for index, reason in own_bad}
        if out is not None and own_out is not None:
            out[own_N] = own_out

        def take(index: int, good: bool, answer: bytes) -> None:
            if not good:
                bad[index] = answer.decode("utf-8", "replace")
            elif out is not None:
                out[index] = np.frombuffer(answer, np.uint8).reshape(out.shape[1:])

        request = {"act": "try" if out is None else "keep", **asdict(form)}
        answer_bytes = 0 if out is None else int(np.prod(out.shape[1:]))
        self._run(DecodeWork(request, answer_bytes, cells, take), np.flatnonzero(foreign_N))
        return sorted(bad.items())

    def _run(self, work: DecodeWork, index_N: np.ndarray) -> None:
        """Have every blob of `index_N` answered."""
        size_N = pc.binary_length(work.cells).to_numpy(zero_copy_only=False)[index_N]
        self._seen_blobs += len(index_N)
        self._seen_bytes += int(size_N.sum())
        work.waiting.extend(_batches(index_N, size_N))
        work.left = len(index_N)
        try:
            while work.left:
                self._staff(work)
                for child in self._children:
                    if child.ready and not child.blobs and work.waiting:
                        child.ask(work, work.waiting.popleft())
                for key, _ in self._selector.select():
                    self._hear(key.data, work)
        except BaseException:
            self.close()  # what children are busy with is of no use to a later call
            raise

    def _staff(self, work: DecodeWork) -> None:
        """Start as many children as the work is worth."""
        worth = 1 + max(self._seen_blobs // _CHILD_BLOBS, self._seen_bytes // _CHILD_BYTES)
        busy = sum(bool(child.blobs) for child in self._children)
        wanted = min(self._most, worth, busy + len(work.waiting))
        while len(self._children) < wanted:
            self._start()

    def _start(self, first: DecodeBatch | None = None) -> None:
        limits = self._limits
        words = [str(limits.memory_bytes), str(limits.cpu_s), str(limits.wall_s)]
        with machine_errors("start a process to decode pictures"):
            ours, theirs = socket.socketpair()
            with theirs:
                # a fixed command; no word of it comes from outside
                process = subprocess.Popen(  # noqa: S603 - see above
                    [sys.executable, "-P", "-m", _WORKER, *words],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                    process_group=0,  # Ctrl-C is for the parent, which ends its children
                )
        child = Child(process, ours, first)
        self._children.append(child)
        self._selector.register(ours, selectors.EVENT_READ, child)

    def _remove(self, child: Child, patience_s: float = 0) -> int:
        """Forget a child; gives its exit code, if it ends by itself soon enough."""
        self._selector.unregister(child.connection)
        self._children.remove(child)
        child.connection.close()
        with suppress(subprocess.TimeoutExpired):
            return child.process.wait(patience_s)
        child.process.kill()
        child.process.wait()
        return 0

    def _hear(self, child: Child, work: DecodeWork) -> None:
        """Take what a child says; bury it if it is dead, or talks nonsense."""
        try:
            said = child.connection.recv(_RECEIVE_BYTES)
        except ConnectionError:
            said = b""
        child.inbox += said
        if said and not child.ready:
            del child.inbox[: len(READY)]
            child.ready = True
            if child.first is not None:
                child.ask(work, child.first)
        sound = child.answer(work)
        if not said or not sound:
            self._bury(child, self._remove(child, _PATIENCE_S if sound else 0), work)

    def _bury(self, child: Child, code: int, work: DecodeWork) -> None:
        """Do what a dead child left undone, with more care.

        Raises:
            MachineError: If it never came to work, or was killed twice from outside.
        """
        if not child.ready:
            raise MachineError(
                f"a process to decode pictures ended with code {code} before it was ready",
                fix=f"see why with: {sys.executable} -P -m {_WORKER} {1 << 30} 30 120",
            )
        undone = list(child.blobs)
        if not undone:
            return
        if child.care is Care.MOST:
            work.finish(undone[0], False, self._why(code).encode())
            return
        if child.care is Care.MORE or len(undone) == 1:
            self._start(DecodeBatch(undone[:1], Care.MOST))
            undone = undone[1:]
        if undone:
            work.waiting.appendleft(DecodeBatch(undone, Care.MORE))

    def _why(self, code: int) -> str:
        reason = self._limits.why(code)
        if reason is None:
            raise MachineError(
                "a process to decode pictures was killed twice, as the kernel does when memory "
                "runs out",
                expected=f"{self._limits.memory_bytes >> 20:,} MiB for each of {self._most}",
                fix="free some memory, or give the run fewer cores (taskset)",
            )
        return reason


def _foreign_N(cells: pa.Array) -> np.ndarray:
    """Which blobs are files of others: all but nulls and stoker's own raw pixels; bool."""
    own = pc.fill_null(pc.starts_with(cells, pattern="P5 "), True)
    return ~own.to_numpy(zero_copy_only=False)


def _batches(index_N: np.ndarray, size_N: np.ndarray) -> Iterator[DecodeBatch]:
    """The indices in order, some at a time, a large blob alone."""
    for some in media_slices(size_N, most_rows=_BATCH_BLOBS, most_bytes=_BATCH_BYTES):
        yield DecodeBatch(index_N[some].tolist())
