"""A child process that decodes pictures of others, under limits that the kernel keeps.

It reads requests from a socket (its standard input): a JSON header with what to do and the sizes
of the blobs, then the blobs.  An answer is a byte (1 decoded, 0 refused), the length, then pixels
or a reason.  Answers to small blobs are sent together, unless the parent wants each at once, to
know which blob the process was busy with when it dies.

Each blob may take so much CPU time and so much time on the clock, and so much memory on top of what
the process has when it starts; one that needs more memory ends the process with status 3.  When the
parent is gone, so is the socket, and the process ends.

Cost: 0.25 s of CPU to start, 45 MB; the imports are numpy, Pillow and the features' base class.

Run: python -P -m stoker.data._decode_worker MEMORY_BYTES CPU_S WALL_S
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from typing import Any

import numpy as np

from stoker.cells.image_formats import BadImageError
from stoker.cells.pixels import bits_used, decode, look
from stoker.data.child_limits import forbid_writing, limit_memory, limit_time, restore_signals

READY = b"R"
"""Said once, before the first request is read."""
HEADER = struct.Struct("<I")
"""Length of the JSON header of a request."""
ANSWER = struct.Struct("<?Q")
"""Whether a blob was decoded, and how many bytes of pixels or reason follow."""
LOOK = struct.Struct("<II???")
"""Width, height, grey, animated, deep."""
BITS = struct.Struct("<B")
"""Bits that the grey levels need."""
_TOGETHER_BYTES = 1 << 18
"""Answers that wait for each other, unless each is to be sent at once."""
OUT_OF_MEMORY = 3
"""Exit status after a blob that needs more memory than is allowed."""


def act(request: dict[str, Any], data: bytes) -> bytes | memoryview:
    """What is asked about one blob.

    Raises:
        BadImageError: If it cannot be decoded.
    """
    if request["act"] == "look":
        seen = look(data, request["max_pixels"])
        return LOOK.pack(seen.width, seen.height, seen.grey, seen.animated, seen.deep)
    if request["act"] == "bits":
        return BITS.pack(bits_used(data, request["max_pixels"]))
    size = tuple(request["size"]) if request["size"] else None
    pixels_CHW = decode(
        data,
        request["channels"],
        size=size,
        resize=request["resize"],
        bits=request["bits"],
        max_pixels=request["max_pixels"],
    )
    return np.ascontiguousarray(pixels_CHW).data.cast("B") if request["act"] == "keep" else b""


def serve(connection: socket.socket, cpu_s: float, wall_s: float) -> None:
    """Answer requests until the other side is gone."""
    connection.sendall(READY)
    with connection.makefile("rb") as requests:
        while length := requests.read(HEADER.size):
            request = json.loads(requests.read(*HEADER.unpack(length)))
            most_bytes = 0 if request["at_once"] else _TOGETHER_BYTES
            blobs = [requests.read(size) for size in request["sizes"]]
            waiting = bytearray()
            for blob in blobs:
                limit_time(cpu_s, wall_s)
                good, answer = _answer(request, blob)
                waiting += ANSWER.pack(good, len(answer))
                waiting += answer
                if len(waiting) > most_bytes:
                    limit_time(0, 0)
                    connection.sendall(waiting)
                    waiting = bytearray()
            limit_time(0, 0)
            connection.sendall(waiting)


def _answer(request: dict[str, Any], blob: bytes) -> tuple[bool, bytes | memoryview]:
    try:
        return True, act(request, blob)
    except BadImageError as error:
        if "out of memory" in str(error):  # how Pillow tells it for some of its decoders
            raise MemoryError from error
        return False, str(error).encode()


def main() -> None:
    """Serve the socket that is the standard input."""
    memory_bytes, cpu_s, wall_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    restore_signals()
    limit_memory(memory_bytes)
    forbid_writing()
    try:
        serve(socket.socket(fileno=0), cpu_s, wall_s)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except ConnectionError:
        return


if __name__ == "__main__":
    main()
