"""Every route is behind the gate: key, Host and Origin, denied by default."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stoker.serve.asgi import make_app
from stoker.serve.keys import VARIABLE, Keys
from stoker.serve.load_model import load_model
from stoker.serve.serve_settings import ServeSettings

KEY = "pE3xkZ-0aVQyT7u_WmC4sLr9dHbN2jGfKq5oRi8Yt1U"
"""Strong, and the same in every process: names of tests hold it, and workers compare names."""
OPEN = {"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}


@pytest.fixture(scope="module")
def routes(digits: Path) -> dict[str, list[str]]:
    """Methods of every path of the application itself, so that a new route is tested too."""
    app = make_app(load_model(digits, ServeSettings(), version="7"))
    return {path: list(route.methods) for path, route in app.routes.items()}


@pytest.fixture(scope="module")
def client(digits: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(digits, {VARIABLE: KEY}) as server, server.client() as client:
        yield client


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


WRONG = [
    None,
    "",
    "Bearer",
    f"Bearer {KEY}x",
    f"Bearer {KEY[:-1]}",
    f"Bearer {KEY.swapcase()}",
    f"Bearer {hashlib.sha256(KEY.encode()).hexdigest()}",
    f"Token {KEY}",
    KEY,
    "Bearer " + "a" * 20_000,
    "Basic !!!",
    basic("") + "=",
    basic(KEY + "x"),
    f"Basic {KEY}",
]


@pytest.mark.parametrize("header", WRONG)
def test_every_route_refuses_a_wrong_key(
    client: httpx.Client, routes: dict[str, list[str]], header: str | None
) -> None:
    for path, methods in routes.items():
        for method in {*methods, "GET", "POST", "DELETE"}:
            headers = {} if header is None else {"authorization": header}
            answer = client.request(method, path, headers=headers)
            if path in OPEN:
                assert answer.status_code in (200, 405)
            else:
                assert answer.status_code == 401, (method, path)
                assert "Bearer" in answer.headers["www-authenticate"]
                assert KEY not in answer.text


def test_unknown_paths_do_not_tell_strangers_what_exists(client: httpx.Client) -> None:
    for path in ("/nothing", "/v2/models/other", "/predict/", "//predict", "/%2e%2e/predict", "/."):
        assert client.post(path).status_code == 401


@pytest.mark.parametrize("header", [f"Bearer {KEY}", f"bearer  {KEY}", basic(KEY)])
def test_every_route_takes_the_right_key(
    client: httpx.Client, routes: dict[str, list[str]], header: str
) -> None:
    for path, methods in routes.items():
        for method in methods:
            answer = client.request(method, path, headers={"authorization": header})
            assert answer.status_code not in (401, 403, 421), (method, path)


def test_two_keys_in_one_request_are_refused(client: httpx.Client) -> None:
    headers = [("authorization", f"Bearer {KEY}"), ("authorization", "Bearer x")]
    for order in (headers, headers[::-1]):
        assert client.get("/v2", headers=order).status_code == 400


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost", 200),
        ("LOCALHOST:80", 200),
        ("[::1]:8080", 200),
        ("127.0.0.1:1", 200),
        ("localhost.", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("10.0.0.1", 421),
        ("0.0.0.0", 421),  # noqa: S104 - a name, nothing is bound
        ("[fe80::1]", 421),
        ("localhost@evil", 421),
        ("localhost:80:80", 421),
        ("localhost/evil", 421),
        ("2130706433", 421),
        ("", 400),
    ],
)
def test_only_own_names_are_answered(
    client: httpx.Client, routes: dict[str, list[str]], host: str, status: int
) -> None:
    headers = {"host": host, "authorization": f"Bearer {KEY}"}
    for path, methods in routes.items():
        code = client.request(methods[0], path, headers=headers).status_code
        is_in = code in (200, 400, 415) and host != ""
        assert is_in if status == 200 else code == status, (path, code)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_may_not_post(
    client: httpx.Client, routes: dict[str, list[str]], headers: dict[str, str]
) -> None:
    for path, methods in routes.items():
        if "POST" in methods:
            both = headers | {"authorization": f"Bearer {KEY}"}
            assert client.post(path, headers=both).status_code == 403


def test_the_own_page_may_post(client: httpx.Client, picture: Callable[..., bytes]) -> None:
    headers = {
        "origin": str(client.base_url).rstrip("/"),
        "sec-fetch-site": "same-origin",
        "content-type": "image/png",
        "authorization": basic(KEY),
    }
    assert client.post("/predict", content=picture(1), headers=headers).status_code == 200


def test_pages_of_listed_names_may_post_from_behind_a_proxy(
    digits: Path, start: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    with start(digits, allowed_hosts=["models.example"]) as server, server.client() as client:
        for origin, status in (
            ("https://models.example", 200),
            ("http://Models.Example:8443", 200),
            ("https://evil.example", 403),
            ("https://models.example.evil.example", 403),
            ("https://x.models.example", 403),
            ("https://evil.example/models.example", 403),
            ("https://me@models.example", 403),
            ("http://127.0.0.1:1", 403),
            ("null", 403),
            ("", 403),
        ):
            headers = {"origin": origin, "content-type": "image/png"}
            answer = client.post("/predict", content=picture(1), headers=headers)
            assert answer.status_code == status, origin
            headers["sec-fetch-site"] = "cross-site"
            assert client.post("/predict", content=b"", headers=headers).status_code == 403


def test_probes_of_old_balancers_need_no_host(
    digits: Path, start: Callable[..., Any], routes: dict[str, list[str]]
) -> None:
    with start(digits) as server:
        for path, methods in routes.items():
            for version in ("1.0", "1.1"):
                request = f"{methods[0]} {path} HTTP/{version}\r\nConnection: close\r\n\r\n"
                with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
                    sock.sendall(request.encode())
                    status = int(sock.recv(65536).split()[1])
                assert status == (200 if path in OPEN and version == "1.0" else 400), path


def test_a_reachable_server_takes_addresses_and_listed_names_only(
    digits: Path, start: Callable[..., Any]
) -> None:
    host = "0.0.0.0"  # noqa: S104 - that is the point
    options = {"host": host, "allowed_hosts": ["models.example"]}
    with start(digits, {VARIABLE: KEY}, **options) as server:
        url = f"http://127.0.0.1:{server.port}/healthz"
        for name, status in (
            ("models.example:80", 200),
            ("10.1.2.3", 200),
            ("[2001:db8::1]:8080", 200),
            ("evil.example", 421),
            ("x.models.example", 421),
        ):
            assert httpx.get(url, headers={"host": name}).status_code == status


def test_a_reachable_host_without_a_key_refuses_to_start(
    digits: Path, start_raw: Callable[..., Any]
) -> None:
    process = start_raw(digits, host="0.0.0.0")  # noqa: S104 - that is the point
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert out.startswith("error RecipeError host 0.0.0.0 can be reached by others")
    assert VARIABLE in out


def test_the_key_never_shows(digits: Path, start: Callable[..., Any]) -> None:
    with start(digits, {VARIABLE: KEY}, access_log=True) as server:
        for pid in server.workers():
            assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
            assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert KEY not in server.greeting


def test_keys_compare_hashes() -> None:
    keys = Keys([hashlib.sha256(KEY.encode()).digest()])
    assert keys.accepts(KEY.encode())
    assert KEY.encode() not in b"".join(keys.digests)
