"""Hostile HTTP: malformed, smuggled, endless, slow; good clients are unharmed."""

from __future__ import annotations

import contextlib
import itertools
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

HEADER_S, BODY_S, IDLE_S = 1.0, 1.5, 2.0
FIRST_S = 5.0
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


@pytest.fixture(scope="module")
def server(digits: Path, start: Callable[..., Any]) -> Iterator[Any]:
    with start(
        digits,
        header_timeout_s=HEADER_S,
        body_timeout_s=BODY_S,
        keep_alive_s=IDLE_S,
        max_connections=100,
        max_body_bytes=100_000,
    ) as server:
        yield server


def connect(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def is_cut_off(sock: socket.socket, pieces: Iterable[bytes], pause_s: float = 0.0) -> bool:
    """Whether the server closes the connection while these are sent."""
    try:
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(pause_s)
    except ConnectionError:
        return True
    return False


def talk(server: Any, *pieces: bytes, finish: bool = False) -> bytes:
    """All that comes back until the server closes or is silent for a second."""
    with connect(server) as sock:
        with contextlib.suppress(OSError):
            for piece in pieces:
                sock.sendall(piece)
            if finish:
                sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def read_all(sock: socket.socket, silence_s: float = 0.3) -> bytes:
    found = b""
    sock.settimeout(max(silence_s, FIRST_S))
    with contextlib.suppress(OSError):
        while piece := sock.recv(65536):
            found += piece
            sock.settimeout(silence_s)
    return found


def codes(text: bytes) -> list[int]:
    """Status codes of the answers in what came back."""
    return [int(part[:3]) for part in text.split(b"HTTP/1.1 ")[1:]]


def alive(server: Any) -> bool:
    with server.client() as client:
        return client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\0" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/0.9\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"G\0T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /a\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: b\rC: d\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"CONNECT evil:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1e3\r\n\r\n",
        HEAD + b"Content-Length: +5\r\n\r\nhello",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
        HEAD + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_malformed_requests_are_refused_and_nothing_behind_them_runs(
    server: Any, request_bytes: bytes
) -> None:
    found = codes(talk(server, request_bytes, GET))
    assert all(400 <= code < 500 for code in found), found
    assert len(found) <= 1, "what follows a malformed request was taken for another"
    assert alive(server)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (b"", 400),
        (b"Host: localhost\r\nHost: localhost\r\n", 400),
        (b"Host: evil.example\r\n", 421),
        (b"Host: localhost\r\nX-HTTP-Method-Override: POST\r\n", 200),
        (b"Host: localhost\r\nX-Forwarded-Host: evil\r\nForwarded: host=evil\r\n", 200),
    ],
)
def test_host_headers(server: Any, headers: bytes, code: int) -> None:
    assert codes(talk(server, b"GET /healthz HTTP/1.1\r\n" + headers + b"\r\n")) == [code]


@pytest.mark.parametrize(
    "path",
    [
        b"/../../etc/passwd",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/%252e%252e/etc/passwd",
        b"/predict%00",
        b"/predict/..%2fmetrics",
        b"/page.js/../../settings.py",
        b"/page%2ejs%00.css",
        b"/v2/models/..%2f..%2fx",
        "/healthz\u0661".encode().hex().encode(),
        b"//evil.example/",
        b"/" + b"a" * 20_000,
        b"*",
        b"?x=1",
    ],
)
def test_strange_paths_are_not_found(server: Any, path: bytes) -> None:
    text = talk(server, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert codes(text)[0] in (400, 404)
    assert b"root:" not in text


def test_huge_headers_are_refused(server: Any) -> None:
    line = b"X-%d: " + b"a" * 1000 + b"\r\n"
    many = b"".join(line % i for i in range(2000))
    for pieces in (
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", many, b"\r\n"),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10_000_000,),
        (b"GET /" + b"a" * 10_000_000,),
    ):
        found = codes(talk(server, *pieces))
        assert found in ([431], []), found
    assert alive(server)


@pytest.mark.parametrize("size", [33_000, 50_000, 100_000, 250_000])
@pytest.mark.parametrize("form", ["one", "many", "path", "blanks"])
def test_a_large_head_that_comes_at_once_is_counted(server: Any, form: str, size: int) -> None:
    start, host = b"GET /healthz HTTP/1.1\r\n", b"Host: localhost\r\n"
    heads = {
        "one": start + host + b"X: " + b"a" * size + b"\r\n\r\n",
        "many": start + host + b"X: aaaaa\r\n" * (size // 10) + b"\r\n",
        "path": b"GET /healthz?" + b"a" * size + b" HTTP/1.1\r\n" + host + b"\r\n",
        "blanks": start + host + b"X:" + b" " * size + b"a\r\n\r\n",
    }
    assert codes(talk(server, heads[form])) == [431]
    if form != "blanks":
        assert codes(talk(server, GET + heads[form])) in ([200], [200, 431], [])


def test_a_head_up_to_the_limit_is_taken(server: Any, picture: Callable[..., bytes]) -> None:
    data = picture(1)
    for size in (10_000, 30_000, 32_000):
        large = b"X: " + b"a" * size + b"\r\n"
        assert codes(talk(server, GET[:-2] + large + b"\r\n")) == [200]
        head = HEAD + large + b"Content-Length: %d\r\n\r\n" % len(data)
        assert codes(talk(server, (head + data) * 3)) == [200] * 3


def test_pipelined_requests_are_answered_in_order(server: Any) -> None:
    unknown = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert codes(talk(server, (GET + unknown) * 20)) == [200, 404] * 20


def test_an_answer_comes_in_one_piece(server: Any) -> None:
    with connect(server) as sock:
        for _ in range(50):
            sock.sendall(GET)
            assert sock.recv(65536).endswith(b'{"live":true}')


def test_an_answer_to_head_is_the_head_alone_and_1_0_closes(server: Any) -> None:
    head = talk(server, b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"content-length: 13\r\n" in head
    assert head.endswith(b"\r\n\r\n")
    old = talk(server, b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert b"connection: close\r\n" in old
    assert old.endswith(b'{"live":true}')


def test_rubbish_behind_a_good_request_does_not_spoil_its_answer(
    server: Any, picture: Callable[..., bytes]
) -> None:
    data = picture(1)
    good = HEAD + b"Content-Length: %d\r\n\r\n" % len(data) + data
    text = talk(server, good + b"\0\0rubbish\r\n\r\n")
    assert codes(text) == [200]


def test_a_key_in_a_trailer_or_a_header_after_the_body_is_not_read(server: Any) -> None:
    body = b"1\r\nx\r\n0\r\nHost: evil.example\r\n\r\n"
    assert codes(talk(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body)) == [422]


def test_an_endless_chunked_body_ends(server: Any) -> None:
    chunk = b"ffff\r\n" + bytes(0xFFFF) + b"\r\n"
    with connect(server) as sock:
        sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        assert is_cut_off(sock, itertools.repeat(chunk))
    assert alive(server)


def test_a_body_that_is_too_large_is_told_so(server: Any) -> None:
    head = HEAD + b"Content-Length: 5000000\r\n\r\n"
    assert codes(talk(server, head, bytes(5_000_000))) == [413]
    expecting = HEAD + b"Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n"
    assert codes(talk(server, expecting)) == [413], "100 Continue was sent"


def test_a_truncated_body_gets_no_answer_and_no_work(server: Any) -> None:
    assert codes(talk(server, HEAD + b"Content-Length: 50\r\n\r\nabc", finish=True)) == []
    assert alive(server)


@pytest.mark.parametrize(
    ("sent", "limit_s"),
    [
        (b"", HEADER_S),
        (b"G", HEADER_S),
        (GET[:-2], HEADER_S),
        (HEAD + b"Content-Length: 100\r\n\r\nab", BODY_S),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", BODY_S),
        (GET, IDLE_S),
    ],
)
def test_a_silent_connection_is_closed(server: Any, sent: bytes, limit_s: float) -> None:
    with connect(server) as sock:
        began = time.monotonic()
        sock.sendall(sent)
        sock.settimeout(limit_s + 60)
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(65536):
                pass
        assert time.monotonic() - began > limit_s - 0.3, "closed before its time"


def test_a_dripping_client_is_closed_too(server: Any) -> None:
    with connect(server) as sock:
        assert is_cut_off(sock, (bytes([byte]) for byte in HEAD * 10), pause_s=0.05)


def test_a_client_that_does_not_read_is_closed(census: Path, start: Callable[..., Any]) -> None:
    row = b'{"age": 1, "\xe8\x81\x8c\xe4\xb8\x9a": "x"}'
    body = b"[" + b",".join([row] * 1000) + b"]"
    request = (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body
    with start(census, body_timeout_s=1.0, keep_alive_s=1.0) as server:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", server.port))
        sock.settimeout(10)
        with contextlib.suppress(OSError):
            for _ in range(400):
                sock.sendall(request)
        with server.client() as client:
            time.sleep(2.5)
            text = client.get("/metrics").text
        sock.close()
        assert 'connections_closed_total{reason="answer_not_taken"} 1' in text


@pytest.mark.slow
def test_good_clients_are_served_beside_two_thousand_slow_sockets(
    digits: Path, start: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    """With the default limits: none is cut before its time, all are cut after it."""
    headers = {"content-type": "image/png"}
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with start(digits) as server, contextlib.ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(connect(server)).sendall(GET[:20])
        for seed in range(30):
            answer = httpx.post(f"{server.url}/predict", content=picture(seed), headers=headers)
            assert answer.status_code == 200
        time.sleep(6)
        text = httpx.get(f"{server.url}/metrics").text
        assert 'connections_closed_total{reason="silent_head"} 2000.0' in text


def test_good_clients_are_served_while_strangers_hold_sockets(
    server: Any, picture: Callable[..., bytes]
) -> None:
    """Three times as many slow sockets as the worker may hold, opened again as they are cut."""
    stop = threading.Event()

    def hold() -> None:
        held: list[socket.socket] = []
        while not stop.is_set():
            with contextlib.suppress(OSError):
                sock = connect(server)
                sock.sendall(GET[:20])
                held.append(sock)
            if len(held) > 300:
                held.pop(0).close()
            time.sleep(0.002)
        for sock in held:
            sock.close()

    strangers = threading.Thread(target=hold)
    strangers.start()
    try:
        time.sleep(1)
        with server.client() as client:
            for seed in range(30):
                answer = client.post(
                    "/predict", content=picture(seed), headers={"content-type": "image/png"}
                )
                assert answer.status_code == 200
        for _ in range(10):
            assert httpx.get(f"{server.url}/healthz", timeout=10).status_code == 200
    finally:
        stop.set()
        strangers.join()


def test_a_client_that_leaves_takes_its_request_along(
    digits: Path, start: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    data = picture(1)
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(data) + data
    with start(digits, max_batch=1) as server:
        for _ in range(5):
            socks = [connect(server) for _ in range(20)]
            for sock in socks:
                sock.sendall(request)
                sock.close()
        assert alive(server)
        with server.client() as client:
            text = client.get("/metrics").text
            assert 'code="500"' not in text
            headers = {"content-type": "image/png"}
            assert client.post("/predict", content=data, headers=headers).status_code == 200
