"""Clients of the overload test, in a process of their own so that they disturb the server least.

    python flood.py PORT SECONDS CLIENTS REQUESTS_PER_S BODY_FILE

Each client sends at its own beat, or as soon as it is answered if the rate is 0.  A beat that comes
while the answer to the last is awaited is left out, not sent later.  Prints JSON: latencies in
seconds by status code, and whether each 429 said when to come again.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter


class Flood:
    """What was heard by all clients."""

    def __init__(self, port: int, seconds: float, body: bytes) -> None:
        self.port, self.end = port, perf_counter() + seconds
        self.request = (
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        ) + body
        self.latencies: dict[int, list[float]] = defaultdict(list)
        self.all_say_when = True

    async def client(self, offset_s: float, period_s: float) -> None:
        """One connection until the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        beat = perf_counter() + offset_s
        while (now := perf_counter()) < self.end:
            if beat > now:
                await asyncio.sleep(beat - now)
            beat = max(beat + period_s, perf_counter())
            await self.ask(reader, writer)
        writer.close()

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send one request and wait for its answer."""
        began = perf_counter()
        writer.write(self.request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        code = int(head[9:12])
        self.latencies[code].append(perf_counter() - began)
        self.all_say_when &= code != 429 or b"\r\nretry-after: " in head


async def main() -> None:
    """Do what the command line says."""
    port, seconds, num_clients, rate = int(sys.argv[1]), *map(float, sys.argv[2:5])
    flood = Flood(port, seconds, Path(sys.argv[5]).read_bytes())
    period_s = num_clients / rate if rate else 0.0
    offsets_s = [period_s * i / num_clients for i in range(int(num_clients))]
    await asyncio.gather(*(flood.client(offset_s, period_s) for offset_s in offsets_s))
    json.dump({"latencies": flood.latencies, "all_say_when": flood.all_say_when}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
