"""Start, drain, crash, replace, end: no accepted request is lost, nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from stoker.core.errors import MachineError

HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
HEAVY = ("torch", "daft", "pandas", "sklearn", "polars", "lightgbm", "jinja2", "stoker.train")


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_the_greeting_says_where_and_what(digits: Path, start: Callable[..., Any]) -> None:
    with start(digits, workers=2, threads=1) as server:
        assert re.fullmatch(
            r"message serving digits 7 at http://127\.0\.0\.1:\d+ "
            r"\(2 workers x 1 thread, this machine only\)\n",
            server.greeting,
        )
        assert len(server.workers()) == 2
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_worker_that_does_not_become_ready_is_ended(
    digits: Path, start_raw: Callable[..., Any]
) -> None:
    process = start_raw(digits, workers=2, threads=1, start_s=0.01)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == MachineError.exit_code
    assert out.startswith("error MachineError a worker was not ready within 0.01 s")
    assert "serve.start_s" in out


def test_the_numbers_of_a_killed_server_are_swept_by_the_next(
    digits: Path, start: Callable[..., Any], tmp_path: Path
) -> None:
    temporary = {"TMPDIR": str(tmp_path)}
    with start(digits, temporary) as first:
        (left,) = tmp_path.glob("stoker-metrics-*")
        workers = first.workers()
        with start(digits, temporary) as second:
            assert len(list(tmp_path.glob("stoker-metrics-*"))) == 2
            assert "stoker_connections" in httpx.get(f"{first.url}/metrics").text
            second.stop()
        assert list(tmp_path.glob("stoker-*")) == [left]
        first.process.kill()
        first.process.wait()
        while any(map(is_running, workers)):
            time.sleep(0.05)
        assert left.exists()
    with start(digits, temporary):
        (mine,) = tmp_path.glob("stoker-metrics-*")
        assert mine != left
    assert list(tmp_path.glob("stoker-*")) == []


def test_the_server_loads_nothing_of_training(digits: Path, start: Callable[..., Any]) -> None:
    with start(digits) as server:
        for pid in (server.process.pid, *server.workers()):
            maps = Path(f"/proc/{pid}/maps").read_text()
            for name in HEAVY:
                assert f"/{name}/" not in maps
    code = (
        "import sys\n"
        "import stoker.serve.server, stoker.serve.worker, stoker.serve.load_model\n"
        "import stoker.serve.asgi, stoker.serve.connection\n"
        "stoker.serve.worker.refuse_training_libraries()\n"
        "from pathlib import Path\n"
        "from stoker.serve.serve_settings import ServeSettings\n"
        "stoker.serve.load_model.load_model(Path(sys.argv[1]), ServeSettings())\n"
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, str(digits)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {name for name in loaded if name.startswith(HEAVY)}


def test_the_parent_loads_no_model(digits: Path, start: Callable[..., Any]) -> None:
    with start(digits) as server:
        assert "onnxruntime" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_a_port_in_use_is_one_clear_error(digits: Path, start_raw: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start_raw(digits, port=taken.getsockname()[1])
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out.startswith(f"error MachineError port {taken_port(out)} of 127.0.0.1 is in use")


def taken_port(text: str) -> str:
    return text.split()[3]


def test_a_bundle_that_is_missing_or_damaged_is_one_clear_error(
    digits: Path, tmp_path: Path, start_raw: Callable[..., Any]
) -> None:
    for path in (tmp_path / "none", tmp_path):
        out, _ = start_raw(path).communicate(timeout=30)
        assert out.startswith("error ArtifactError")
        assert "Traceback" not in out
    for file in digits.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    graph = bytearray((tmp_path / "model.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(graph)
    out, _ = start_raw(tmp_path).communicate(timeout=30)
    assert out.startswith("error ArtifactError")
    assert "model.onnx" in out


@pytest.mark.parametrize("library", ["orjson", "uvicorn", "httptools", "prometheus_client"])
def test_a_library_that_is_not_installed_is_one_line_that_installs_it(
    library: str,
    digits: Path,
    tmp_path: Path,
    start_raw: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError(name={library!r})\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    out, _ = start_raw(digits).communicate(timeout=30)
    assert "Traceback" not in out
    assert f"error MissingExtraError a server needs {library}, which is not installed" in out
    assert "pip install 'stoker[serve]'" in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_and_the_code_is_0(
    digits: Path, start: Callable[..., Any], number: signal.Signals
) -> None:
    with start(digits, workers=2) as server:
        workers = server.workers()
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert not any(map(is_running, workers))


def test_a_signal_to_the_whole_group_drains_too(digits: Path, start: Callable[..., Any]) -> None:
    with start(digits, workers=2) as server:
        workers = server.workers()
        for pid in (*workers, server.process.pid):
            os.kill(pid, signal.SIGINT)
        assert server.process.wait(20) == 0
        assert not any(map(is_running, workers))


def test_a_crashed_worker_is_replaced(
    digits: Path,
    start: Callable[..., Any],
    eventually: Callable[..., bool],
    picture: Callable[..., bytes],
) -> None:
    headers = {"content-type": "image/png"}
    with start(digits, workers=2) as server:
        for _ in range(3):
            httpx.post(f"{server.url}/predict", content=picture(1), headers=headers)
        old = set(server.workers())
        os.kill(min(old), signal.SIGKILL)
        assert eventually(lambda: len(set(server.workers()) - old) == 1)
        answer = httpx.post(f"{server.url}/predict", content=picture(1), headers=headers)
        assert answer.status_code == 200
        text = httpx.get(f"{server.url}/metrics").text
        assert 'stoker_requests_total{code="200",route="/predict"} 4.0' in text, "counts were lost"
        assert "ended with code -9" in server.stop()


def test_workers_end_when_their_parent_is_killed(
    digits: Path, start: Callable[..., Any], eventually: Callable[..., bool]
) -> None:
    with start(digits, workers=2) as server:
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        assert eventually(lambda: not any(map(is_running, workers)))


def test_draining_answers_what_came_and_says_close(census: Path, start: Callable[..., Any]) -> None:
    """A request that is half sent at SIGTERM is still answered, and readiness is off."""
    body = '{"age": 1, "职业": "nurse"}'.encode()
    head = (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    with start(census) as server, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        half = stack.enter_context(socket.create_connection(address))
        idle = stack.enter_context(socket.create_connection(address))
        half.sendall(head + body[:5])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.15)
        idle.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle.settimeout(10)
        unready = idle.recv(65536)
        assert unready.startswith(b"HTTP/1.1 503")
        assert b"connection: close" in unready
        time.sleep(1.5)
        half.sendall(body[5:])
        half.settimeout(10)
        answer = half.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
        assert server.process.wait(10) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)


def test_a_request_that_never_ends_does_not_hold_the_drain(
    digits: Path, start: Callable[..., Any]
) -> None:
    with start(digits, grace_s=1.0) as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.sendall(HEAD + b"Content-Length: 10\r\n\r\nab")
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(8) == 0
        sock.close()


class Clients:
    """Clients that never stop; every accepted request must be answered.

    A connection that is refused, or closed before a byte of the request could be sent, was not
    accepted and is tried again.
    """

    def __init__(self, port: int, body: bytes, num_busy: int, num_short: int) -> None:
        self.port, self.stop = port, threading.Event()
        self.request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
        self.failures: list[str] = []
        self.num_answers = 0
        self.threads = [
            threading.Thread(target=self.run, args=(busy,))
            for busy in [True] * num_busy + [False] * num_short
        ]
        for thread in self.threads:
            thread.start()

    def run(self, busy: bool) -> None:
        sock: socket.socket | None = None
        while not self.stop.is_set():
            if sock is None:
                sock = self.connect()
                continue
            try:
                keep = self.ask(sock) and busy
            except OSError as error:
                self.failures.append(repr(error))
                keep = False
            if not keep:
                sock.close()
                sock = None
        if sock is not None:
            sock.close()

    def connect(self) -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", self.port), timeout=20)
        except ConnectionRefusedError:
            time.sleep(0.02)
            return None

    def ask(self, sock: socket.socket) -> bool:
        """Whether the connection stays open after the answer."""
        sock.sendall(self.request)
        text = b""
        while b"\r\n\r\n" not in text or not text.endswith(b"}"):
            piece = sock.recv(65536)
            if not piece:
                raise ConnectionError(f"closed after {text[:80]!r}")
            text += piece
        if not text.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(text[:200].decode())
        self.num_answers += 1
        return b"connection: close" not in text

    def finish(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def restart_under_load(
    digits: Path, start: Callable[..., Any], data: bytes, restarts: int, num_clients: int
) -> Clients:
    """Servers that follow each other on one port, while clients go on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clients = None
    try:
        for _ in range(restarts):
            # A queue that holds them all: on a busy machine two seconds of work may not, and a
            # refusal is no loss.
            with start(digits, port=port, workers=2, queue_s=30) as server:
                clients = clients or Clients(port, data, num_clients, num_clients)
                answered = clients.num_answers
                deadline = time.monotonic() + 20
                while clients.num_answers < answered + 300 and time.monotonic() < deadline:
                    time.sleep(0.01)
                server.process.send_signal(signal.SIGTERM)
                assert server.process.wait(30) == 0
    finally:
        if clients is not None:
            clients.finish()
    assert clients is not None
    return clients


def test_no_accepted_request_is_lost_through_restarts(
    digits: Path, start: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    clients = restart_under_load(digits, start, picture(1), restarts=2, num_clients=16)
    assert clients.failures == []
    assert clients.num_answers > 500


@pytest.mark.slow
def test_no_accepted_request_is_lost_through_twenty_restarts(
    digits: Path, start: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    clients = restart_under_load(digits, start, picture(1), restarts=20, num_clients=64)
    assert clients.failures == []
    assert clients.num_answers > 5000


def test_workers_are_replaced_without_a_refused_connection(
    digits: Path,
    start: Callable[..., Any],
    picture: Callable[..., bytes],
    eventually: Callable[..., bool],
) -> None:
    with start(digits, workers=2) as server:
        clients = Clients(server.port, picture(1), 8, 8)
        clients.connect = lambda: socket.create_connection(("127.0.0.1", server.port), timeout=20)  # type: ignore[method-assign]
        try:
            old = set(server.workers())
            server.process.send_signal(signal.SIGHUP)
            assert eventually(lambda: len(now := set(server.workers())) == 2 and not now & old, 60)
        finally:
            clients.finish()
        assert clients.failures == []
        assert clients.num_answers > 100


def test_overload_is_refused_quickly_and_passes(
    digits: Path, start: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    """Ten times more than the queue holds: 200 or 429 with Retry-After, and then 200 again."""
    data, headers = picture(1), {"content-type": "image/png"}
    found: list[tuple[int, str | None]] = []
    with start(digits, max_batch=1, queue=4) as server:

        def ask() -> None:
            with server.client() as client:
                for _ in range(10):
                    answer = client.post("/predict", content=data, headers=headers)
                    found.append((answer.status_code, answer.headers.get("retry-after")))

        threads = [threading.Thread(target=ask) for _ in range(48)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {code for code, _ in found} == {200, 429}
        assert all((code == 429) == (retry is not None) for code, retry in found)
        with server.client() as client:
            assert client.post("/predict", content=data, headers=headers).status_code == 200


def test_the_access_log_is_lines_of_json(
    digits: Path, tmp_path: Path, start_raw: Callable[..., Any]
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file, contextlib.ExitStack() as stack:
        process = start_raw(digits, access_log=True, stderr=file)
        stack.callback(process.communicate, timeout=20)
        stack.callback(process.terminate)
        url = process.stdout.readline().split(" at ")[1].split()[0]
        httpx.get(f"{url}/healthz")
        httpx.get(f"{url}/<b>\u4e00?key=secret")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200, 404]
    assert lines[0].keys() >= {"time", "method", "path", "route", "ms", "bytes", "client"}
    assert "secret" not in log.read_text()
