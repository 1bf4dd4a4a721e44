"""Answers that come piece by piece, over real servers: each as it is made, none for nobody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serve.test_protocols import source_with

DEADLINE_S, BODY_S = 2.0, 1.5
GET = "GET /drip/{} HTTP/1.1\r\nHost: localhost\r\n\r\n"
DRIP = '''
"""Pieces that come when they are told to: what the tests of streams ask."""

import asyncio
from typing import ClassVar

from stoker.serve.messages import Answer, Refusal, json_answer, refusal_answer
from stoker.serve.openapi import Described
from stoker.serve.protocols import Protocol
from stoker.serve.routes import Route, get

NEXT, ENDED = asyncio.Semaphore(0), []


async def told():
    """A piece each time that the next is asked for, until it is the fourth."""
    try:
        for number in range(4):
            yield f"piece {number}\\n".encode()
            yield b""
            await NEXT.acquire()
    finally:
        ENDED.append("told")


async def endless():
    try:
        while True:
            yield bytes(100_000)
            await asyncio.sleep(0)
    finally:
        ENDED.append("endless")


async def refused():
    raise Refusal("not today", status=422)
    yield b""


async def stuck():
    try:
        await asyncio.sleep(60)
        yield b"late"
    finally:
        ENDED.append("stuck")


async def half():
    yield b"half"
    await asyncio.sleep(60)


async def broken():
    yield b"half"
    raise ZeroDivisionError


async def three():
    for number in range(3):
        yield str(number).encode()


async def slow():
    for number in range(3):
        yield str(number).encode()
        await asyncio.sleep(0.5)


class Drip(Protocol):
    prefix: ClassVar[str] = "/drip"

    def routes(self, deployments):
        routes = {}
        for made in (told, endless, refused, stuck, half, broken, three, slow):
            path = f"/drip/{made.__name__}"
            routes[path] = get(path, lambda _, made=made: Answer(made(), content_type=b"text/x"))

        def go_on(_):
            NEXT.release()
            return json_answer(True)

        routes["/drip/next"] = get("/drip/next", go_on)
        routes["/drip/ended"] = get("/drip/ended", lambda _: json_answer(ENDED))
        return routes

    def error(self, refusal):
        return refusal_answer(refusal)

    def openapi(self, deployments):
        return Described({}, {})
'''


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return source_with(tmp_path_factory.mktemp("source"), "drip", DRIP)


@pytest.fixture(scope="module")
def server(census: Path, start: Callable[..., Any], source: dict[str, str]) -> Iterator[Any]:
    limits = {"deadline_s": DEADLINE_S, "body_timeout_s": BODY_S, "max_connections": 4}
    with start(census, source, header_timeout_s=1.0, **limits) as server:
        yield server


def ended(server: Any) -> list[str]:
    return httpx.get(f"{server.url}/drip/ended").json()


def count(server: Any, name: str) -> float:
    """A number of `/metrics`; 0 if nothing was counted yet."""
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"stoker_{name} "))


def connect(server: Any, path: str, version: str = "1.1") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    sock.sendall(GET.format(path).replace("1.1", version).encode())
    return sock


def read_all(sock: socket.socket) -> bytes:
    found = b""
    while piece := sock.recv(65536):
        found += piece
    return found


def test_pieces_come_one_by_one(server: Any) -> None:
    with server.client() as client, client.stream("GET", "/drip/told") as answer:
        assert answer.status_code == 200
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.headers["content-type"] == "text/x"
        assert answer.headers["x-content-type-options"] == "nosniff"
        pieces = answer.iter_raw()
        for number in range(4):
            assert next(pieces) == f"piece {number}\n".encode(), "before the next was made"
            httpx.get(f"{server.url}/drip/next")
        assert next(pieces, None) is None
    assert count(server, 'requests_total{code="200",route="/drip/told"}') >= 1


def test_the_connection_goes_on_behind_a_stream(server: Any) -> None:
    both = (GET.format("three") * 3 + GET.format("three").replace("GET", "HEAD")).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(
            both + GET.format("none").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").encode()
        )
        text = read_all(sock)
    chunks = b"1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n"
    assert text.count(chunks + b"HTTP/1.1") == 3, text
    assert text.count(b"HTTP/1.1 200") == 4
    assert text.count(b"HTTP/1.1 404") == 1


def test_a_client_of_http_1_0_gets_the_bare_bytes_up_to_the_end(server: Any) -> None:
    with connect(server, "three", "1.0") as sock:
        head, _, body = read_all(sock).partition(b"\r\n\r\n")
    assert body == b"012"
    assert b"chunked" not in head
    assert b"connection: close" in head


def test_a_client_that_leaves_ends_the_generator_where_it_waits(
    server: Any, eventually: Callable[..., bool]
) -> None:
    before, gone = ended(server), 'rejects_total{reason="client_gone"}'
    left = count(server, gone)
    for name in ("told", "stuck", "endless"):
        sock = connect(server, name)
        if name != "stuck":  # Whose first piece never comes.
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
        sock.close()
    assert eventually(lambda: sorted(ended(server)[len(before) :]) == ["endless", "stuck", "told"])
    assert eventually(lambda: count(server, gone) == left + 3)


def test_nothing_is_sent_before_the_first_piece(server: Any) -> None:
    answer = httpx.get(f"{server.url}/drip/refused")
    assert (answer.status_code, answer.json()["error"]["message"]) == (422, "not today")
    answer = httpx.get(f"{server.url}/drip/stuck", timeout=20)
    assert (answer.status_code, answer.json()["error"]["status"]) == (504, 504)


@pytest.mark.parametrize("name", ["half", "broken"])
def test_a_body_that_stays_half_is_seen_to_be_half(server: Any, name: str) -> None:
    with connect(server, name) as sock:
        text = read_all(sock)
    assert text.endswith(b"4\r\nhalf\r\n"), "the last chunk would say that it is whole"
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{server.url}/drip/{name}", timeout=20)
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    if name == "half":
        assert count(server, 'rejects_total{reason="cut_504"}') == 2


def test_a_client_that_does_not_read_is_cut_and_its_generator_ended(
    server: Any, eventually: Callable[..., bool]
) -> None:
    before = ended(server)
    reason = 'connections_closed_total{reason="answer_not_taken"}'
    cut = count(server, reason)
    with connect(server, "endless") as sock:
        assert eventually(lambda: ended(server)[len(before) :] == ["endless"])
        assert count(server, reason) == cut + 1
        sock.close()


def test_a_stream_is_no_silent_connection(server: Any) -> None:
    """Strangers take every place and are cut for it; the stream that waits is not."""
    with server.client() as client, client.stream("GET", "/drip/told") as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"piece 0\n"
        strangers = [silent(server) for _ in range(20)]
        for number in range(1, 4):
            httpx.get(f"{server.url}/drip/next")
            assert next(pieces) == f"piece {number}\n".encode()
        httpx.get(f"{server.url}/drip/next")
        assert next(pieces, None) is None
        for sock in strangers:
            sock.close()
    assert count(server, 'connections_closed_total{reason="evicted"}') >= 16


def silent(server: Any) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    sock.sendall(b"GET /he")
    return sock


def test_a_stream_that_runs_is_finished_before_the_server_ends(
    census: Path, start: Callable[..., Any], source: dict[str, str]
) -> None:
    with start(census, source) as server, server.client() as client:
        with client.stream("GET", "/drip/slow") as answer:
            pieces = answer.iter_raw()
            assert next(pieces) == b"0"
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            assert list(pieces) == [b"1", b"2"]
        stopping.join()
        assert server.process.returncode == 0
