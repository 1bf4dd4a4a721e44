"""Ten times the load that the server can answer: bounded waits, flat memory, honest refusals."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

QUEUE_S = 1.0
Flood = subprocess.Popen[str]


def begin(port: int, body: Path, *, seconds: float, clients: int, rate: float) -> Flood:
    """So many clients that together send so many requests a second."""
    script = Path(__file__).with_name("flood.py")
    words = [sys.executable, script, *(port, seconds, clients, rate), body]
    return subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, text=True)


def end(flood: Flood) -> dict[str, Any]:
    """What they heard."""
    out, _ = flood.communicate(timeout=120)
    assert flood.returncode == 0
    return json.loads(out)


def p99_s(latencies: list[float]) -> float:
    return sorted(latencies)[int(0.99 * len(latencies))]


def memory_mib(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("Pss:")[2].split()[0]) / 1024


@pytest.mark.slow
def test_a_minute_of_ten_times_the_load_is_bounded_in_time_and_memory(
    digits: Path, start: Callable[..., Any], tmp_path: Path
) -> None:
    """p99 of what was answered <= 2 x p99 without load + the time that the server promises.

    What has no load is a second server, asked at the same time: so what else the machine does, the
    clients of this test among it, slows both.
    """
    body = tmp_path / "body.png"
    file = io.BytesIO()
    Image.new("L", (1500, 1500)).save(file, "PNG")  # some 5 KB to send, some 7 ms to decode
    body.write_bytes(file.getvalue())
    with start(digits, queue_s=QUEUE_S) as server, start(digits) as idle:
        most = end(begin(server.port, body, seconds=5, clients=8, rate=0))
        capacity = len(most["latencies"]["200"]) / 5
        before_mib = memory_mib(server.workers()[0])
        # Some wait in the queue; as many again and more are free to send.
        clients = 64 + int(3 * capacity * QUEUE_S)
        beside = begin(idle.port, body, seconds=60, clients=1, rate=5)
        heard = end(begin(server.port, body, seconds=60, clients=clients, rate=10 * capacity))
        alone_s = p99_s(end(beside)["latencies"]["200"])
        grown_mib = memory_mib(server.workers()[0]) - before_mib
        answered, refused = heard["latencies"]["200"], heard["latencies"]["429"]
        offered = (len(answered) + len(refused)) / 60 / capacity
        found = (
            f"{offered:.1f} times {capacity:.0f} requests a second, {len(answered)} answered; "
            f"p99 without load {alone_s:.3f} s, with {p99_s(answered):.3f} s; {grown_mib:+.1f} MiB"
        )
        sys.stdout.write(found)
        assert set(heard["latencies"]) == {"200", "429"}, found
        assert heard["all_say_when"]
        assert offered > 5, f"the clients could not press harder: {found}"
        assert p99_s(answered) <= 2 * alone_s + QUEUE_S, found
        assert grown_mib <= 50, found
