"""The block of nginx in the documentation, run with a real nginx."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("nginx") is None and not Path("/usr/sbin/nginx").exists(),
        reason="nginx is not installed (apt install nginx-light)",
    ),
]
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
DOCUMENT = Path(__file__).parents[2] / "docs" / "serving.md"
HOST = {"host": "models.example"}
CONFIGURATION = """
pid {folder}/pid;
error_log stderr crit;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {block}
}}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def documented_block(port: int, upstream: int) -> str:
    """The block of the documentation, on ports of this test and without certificates."""
    found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    block = re.sub(r"^ *ssl_.*\n", "", found[1], flags=re.MULTILINE)
    block = block.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    return block.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")


@pytest.fixture(scope="module")
def server(digits: Path, start: Callable[..., Any]) -> Iterator[Any]:
    with start(digits, workers=2, threads=1, allowed_hosts=["models.example"]) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = CONFIGURATION.format(folder=folder, block=documented_block(port, server.port))
    (folder / "nginx.conf").write_text(text)
    command = [
        NGINX,
        "-p",
        str(folder),
        "-c",
        "nginx.conf",
        "-g",
        "daemon off; master_process off;",
    ]
    process = subprocess.Popen(command)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def test_the_page_works_and_other_pages_do_not(proxy: str, picture: Callable[..., bytes]) -> None:
    with httpx.Client(base_url=proxy, headers=HOST) as client:
        assert "<form" in client.get("/").text
        for path in ("/page.js", "/page.css", "/openapi.json", "/v2", "/readyz", "/healthz"):
            assert client.get(path).status_code == 200
        for origin, status in (("https://models.example", 200), ("https://evil.example", 403)):
            headers = {
                "origin": origin,
                "sec-fetch-site": "same-origin" if status == 200 else "cross-site",
                "content-type": "image/png",
            }
            answer = client.post("/predict", content=picture(1), headers=headers)
            assert answer.status_code == status


def test_the_largest_body_is_the_servers_own_limit(proxy: str) -> None:
    headers = HOST | {"content-type": "image/png"}
    largest = 11 * 1024 * 1024 - 1
    for size, status in ((largest, 422), (largest + 2, 413)):
        answer = httpx.post(f"{proxy}/predict", content=bytes(size), headers=headers, timeout=30)
        assert answer.status_code == status


def test_no_request_is_lost_when_workers_are_killed(
    server: Any, proxy: str, picture: Callable[..., bytes]
) -> None:
    codes: list[int] = []
    failures: list[str] = []
    done = threading.Event()

    def ask() -> None:
        headers = HOST | {"content-type": "image/png"}
        with httpx.Client(base_url=proxy, headers=headers, timeout=30) as client:
            while not done.is_set():
                try:
                    codes.append(client.post("/predict", content=picture(1)).status_code)
                except httpx.HTTPError as error:
                    failures.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        time.sleep(2)
        workers = server.workers()
        if len(workers) == 2:
            os.kill(workers[0], signal.SIGKILL)
    killed_at = len(codes)
    while len(codes) < killed_at + 32 and not failures:
        time.sleep(0.1)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    lost = [code for code in codes if code != 200]
    assert lost == []
