"""What does a served answer cost, next to a plain FastAPI endpoint and LitServe?

Question:  CPU milliseconds a request (user and system, of all processes of the server), with a
           CNN of about 304,000 parameters, one 28x28 PNG in, JSON with ten probabilities out,
           32 clients that each wait for their answer (keep-alive).
Method:    all servers run side by side, one model worker each, which computes on one thread
           (FastAPI also with torch's default); rounds take turns (A B C A B C ...); CPU time is
           read from /proc before and after each round, so what the clients and the rest of the
           machine use does not count; the first round warms up and is dropped; median.
Run:       python benchmarks/bench_serve.py [--rounds 7] [--seconds 3]
           The peers need a Python that has FastAPI and LitServe beside torch and onnxruntime; name
           it in STOKER_PEERS_PYTHON (a venv of its own: their pins differ from ours).
Read:      `cpu_ms` is the median of rounds; `times_ours` how much dearer the peer is.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from _measure import save

HERE = Path(__file__).parent
CONCURRENCY = 32
START_S = 60
_SOURCE = str(HERE.parent / "src")
Form = Literal["bytes", "json"]
_TICKS = os.sysconf("SC_CLK_TCK")


def serve_command(bundle: Path) -> list[str]:
    """One worker of one thread, as the command starts it in every version."""
    options = ["--port", "PORT", "--workers", "1", "--set", "threads=1"]
    return [sys.executable, "-m", "stoker", "serve", str(bundle), *options]


class Server:
    """One running server."""

    def __init__(
        self, name: str, command: Sequence[str], form: Form, *, source: str = _SOURCE
    ) -> None:
        """Start it on a free port, with the stoker of a folder."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.name, self.form = name, form
        words = [word.replace("PORT", str(self.port)) for word in command]
        env = os.environ | {"PYTHONPATH": source}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(words, env=env, start_new_session=True)

    def wait(self, request: bytes) -> float:
        """Seconds from its start to its first answer."""
        while True:
            try:
                asyncio.run(load(self.port, [request], 1, 0))
            except OSError as error:
                code = self.process.poll()
                if code is not None or time.perf_counter() > self.started + START_S:
                    ended = "gives no answer" if code is None else f"ended with {code}"
                    raise RuntimeError(f"{self.name} {ended} ({error})") from None
                time.sleep(0.05)
            else:
                return time.perf_counter() - self.started

    def cpu_s(self) -> float:
        """User and system seconds of all its processes so far."""
        return sum(_cpu_ticks(pid) for pid in family(self.process.pid)) / _TICKS

    def memory_mb(self) -> float:
        """Proportional set size of all its processes."""
        return sum(_pss_kb(pid) for pid in family(self.process.pid)) * 1024 / 1e6

    def stop(self) -> None:
        """End it and all it started; some servers leave children behind."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _pss_kb(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def request_of(picture: bytes, form: Form) -> bytes:
    """A whole HTTP request with one picture, as its body or as base64 in JSON."""
    kind, body = "image/png", picture
    if form == "json":
        kind = "application/json"
        body = json.dumps({"image": base64.b64encode(picture).decode()}).encode()
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def load(
    port: int, requests: Sequence[bytes], num_clients: int, seconds: float
) -> list[float]:
    """Latencies of as many answers as `num_clients` get in `seconds`, each at least one."""
    end = time.perf_counter() + seconds
    latencies: list[float] = []

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = number
        while True:
            began = time.perf_counter()
            writer.write(requests[turn % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise OSError(f"{head!r} {body!r}")
            latencies.append(time.perf_counter() - began)
            turn += num_clients
            if time.perf_counter() >= end:
                break
        writer.close()

    await asyncio.gather(*(client(number) for number in range(num_clients)))
    return latencies


def round_of(server: Server, requests: Sequence[bytes], seconds: float) -> dict[str, float]:
    """One round against one server; the clients run in a process of their own."""
    before = server.cpu_s()
    work = {"port": server.port, "seconds": seconds, "requests": [r.hex() for r in requests]}
    done = subprocess.run(
        [sys.executable, __file__, "--client"],
        input=json.dumps(work),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cpu_s = server.cpu_s() - before
    result = json.loads(done.stdout)
    return result | {"cpu_ms": 1000 * cpu_s / result["answers"]}


def client_main() -> None:
    """The clients' process: work on the standard input, result on the standard output."""
    work = json.loads(sys.stdin.read())
    requests = [bytes.fromhex(text) for text in work["requests"]]
    latencies = sorted(asyncio.run(load(work["port"], requests, CONCURRENCY, work["seconds"])))
    result = {
        "answers": len(latencies),
        "per_s": len(latencies) / work["seconds"],
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[int(0.99 * len(latencies))],
    }
    print(json.dumps(result))


def commands(folder: Path) -> dict[str, tuple[list[str], Form]]:
    """How each server is started; PORT stands for its port."""
    peers = os.environ.get("STOKER_PEERS_PYTHON", sys.executable)
    fastapi = [peers, str(HERE / "_serve_fastapi.py"), str(folder), "PORT"]
    return {
        "stoker": (serve_command(folder / "bundle"), "bytes"),
        "fastapi + torch, default threads": ([*fastapi, "0"], "bytes"),
        "fastapi + torch, 1 thread": ([*fastapi, "1"], "bytes"),
        "litserve + onnxruntime": (
            [peers, str(HERE / "_serve_litserve.py"), str(folder), "PORT"],
            "json",
        ),
    }


def compare(folder: Path, rounds: int, seconds: float, only_ours: bool) -> list[dict[str, Any]]:
    """One row a server."""
    pictures = [path.read_bytes() for path in sorted(folder.glob("*.png"))]
    rows: list[dict[str, Any]] = []
    servers: list[tuple[Server, float]] = []
    try:
        for name, (command, form) in commands(folder).items():
            if only_ours and name != "stoker":
                continue
            server = Server(name, command, form)
            try:
                servers.append((server, server.wait(request_of(pictures[0], form))))
            except RuntimeError as error:
                server.stop()
                rows.append({"server": name, "skipped": f"{error}: is it installed?"})
        for _ in range(rounds + 1):
            for server, _ in servers:
                requests = [request_of(picture, server.form) for picture in pictures]
                result = round_of(server, requests, seconds)
                rows.append({"server": server.name, **result})
        return summary_of(rows, servers)
    finally:
        for server, _ in servers:
            server.stop()


def summary_of(
    rows: list[dict[str, Any]], servers: list[tuple[Server, float]]
) -> list[dict[str, Any]]:
    summary = [row for row in rows if "skipped" in row]
    ours = None
    for server, first_answer_s in servers:
        mine = [row for row in rows if row["server"] == server.name and "cpu_ms" in row][1:]
        median = {
            key: round(statistics.median(row[key] for row in mine), 3)
            for key in ("cpu_ms", "per_s", "p50_ms", "p99_ms")
        }
        ours = ours or median["cpu_ms"]
        summary.append(
            {
                "server": server.name,
                **median,
                "cpu_ms_all": [round(row["cpu_ms"], 3) for row in mine],
                "times_ours": round(median["cpu_ms"] / ours, 2),
                "memory_mb": round(server.memory_mb()),
                "first_answer_s": round(first_answer_s, 2),
            }
        )
    return summary


def main() -> None:
    """Prepare, compare, save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only-ours", action="store_true", help="skip the peers, save nothing")
    parser.add_argument("--client", action="store_true", help="used by the script itself")
    options = parser.parse_args()
    if options.client:
        client_main()
        return
    from _serve_net import prepare

    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        rows = compare(Path(folder), options.rounds, options.seconds, options.only_ours)
    if options.only_ours:
        print(json.dumps(rows, indent=1))
    else:
        libraries = ("onnxruntime", "uvicorn", "httptools", "uvloop", "orjson", "torch", "pillow")
        save("serve", rows, libraries=libraries, peers=["fastapi", "litserve"])


if __name__ == "__main__":
    main()
