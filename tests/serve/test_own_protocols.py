"""Protocols of a user's own: named by the user, refused before a worker starts, told in form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stoker.core.errors import OwnCodeError, RecipeError
from stoker.pipeline.run import check
from stoker.serve.asgi import make_app
from stoker.serve.load_model import load_model
from stoker.serve.protocols import find_protocols
from stoker.serve.serve_settings import ServeSettings

OWN = '''
from stoker.serve.messages import Answer
from stoker.serve.openapi import Described
from stoker.serve.protocols import Protocol
from stoker.serve.routes import Route, get

async def broken(): raise ZeroDivisionError("never")
async def half():
    yield b"half"
    raise ZeroDivisionError("never")
async def none():
    raise ZeroDivisionError("never")
    yield b""
async def good():
    yield b"good"

class Mine(Protocol):
    """Fails where it is asked to."""
    prefix = "/mine"
    def routes(self, deployments):
        async def bug(request): return broken.no_such_thing
        routes = {"/mine/bug": Route("/mine/bug", {"GET": bug, "POST": bug})}
        for one in (half, none, good):
            path = f"/mine/{one.__name__}"
            routes[path] = get(path, lambda _, one=one: Answer(one()))
        return routes
    def error(self, refusal):
        told = f"mine: {refusal.what}".encode()
        return Answer(told, refusal.status, b"text/plain", refusal.headers)
    def openapi(self, deployments): return Described({}, {})

class Outside(Mine):
    """Has a path that is not under its prefix."""
    prefix = "/outside"
class Page(Mine):
    """Has a path of the server."""
    prefix = "/metrics/x"
class Below(Mine):
    """Has a path of another protocol."""
    prefix = "/v2/mine"
class Bare(Mine):
    """Has no path."""
    prefix = "mine/"
class Field(Mine):
    """Needs a field."""
    prefix = "/field"
    size: int
class Schema(Mine):
    """Has a schema of the server."""
    prefix = "/mine"
    def openapi(self, deployments): return Described({}, {"Error": {}})
class Late(Mine):
    """Fails in a worker."""
    def openapi(self, deployments): raise KeyError("paths")
'''


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which the module is found; this process finds it too."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_ways.py").write_text(OWN, encoding="utf-8")
    (folder / "own_bad.py").write_text("x = 1\n1 / 0\n", encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield {"PYTHONPATH": os.pathsep.join(sys.path)}
    sys.path.remove(str(folder))
    sys.modules.pop("own_ways", None)


@pytest.fixture(scope="module")
def server(census: Path, start: Callable[..., Any], own: dict[str, str]) -> Iterator[Any]:
    log = Path(own["PYTHONPATH"].partition(os.pathsep)[0]) / "log"
    with (
        log.open("wb") as stderr,
        start(census, own, stderr=stderr, protocols=["own_ways:Mine"], access_log=True) as server,
    ):
        server.log = log
        yield server


def count(server: Any, name: str) -> float:
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"stoker_{name} "))


@pytest.mark.parametrize(("path", "method"), [("bug", "GET"), ("bug", "POST"), ("none", "GET")])
def test_a_bug_is_answered_in_the_form_of_the_protocol(path: str, method: str, server: Any) -> None:
    answer = httpx.request(method, f"{server.url}/mine/{path}", content=b"x" * (method == "POST"))
    assert answer.status_code == 500
    assert answer.text == "mine: the server failed at this request; its log says why"
    assert "never" not in answer.text
    assert httpx.get(f"{server.url}/mine/good").text == "good", "the worker goes on"
    said = server.log.read_text(encoding="utf-8")
    where = "own_ways.py:21" if path == "bug" else "own_ways.py:12"
    assert f"{where}: your step own_ways:Mine raised" in said or f"{where}: your module" in said
    assert "Traceback" in said


def test_a_stream_that_is_cut_counts_as_cut_and_is_logged(server: Any) -> None:
    whole, cut = (f'requests_total{{code="{code}",route="/mine/half"}}' for code in ("200", "cut"))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{server.url}/mine/half")
    assert (count(server, whole), count(server, cut)) == (0, 1)
    assert count(server, 'rejects_total{reason="cut_500"}') == 1
    logged = server.log.read_text(encoding="utf-8").splitlines()
    (line,) = [json.loads(one) for one in logged if one.startswith("{") and "/mine/half" in one]
    assert (line["cut"], line["bytes"], line["status"]) == (True, None, 200)
    httpx.get(f"{server.url}/mine/good")
    assert count(server, 'requests_total{code="200",route="/mine/good"}') >= 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Page", "the prefix /metrics/x, which the server itself has"),
        ("Below", "the prefix /v2/mine, which the protocol v2 has"),
        ("Bare", "the prefix 'mine/'"),
        ("Field", "needs size, and nothing gives it"),
        ("Mien", "did you mean 'own_ways:Mine'"),
    ],
)
def test_what_will_not_do_is_refused_before_a_worker_starts(
    name: str, words: str, own: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=words):
        find_protocols([f"own_ways:{name}"])
    (tmp_path / "recipe.yaml").write_text(
        "version: 1\nname: a\ndata: {sources: [{csv: {path: a.csv}}]}\ntarget: {y: classify}\n"
        f'serve: {{protocols: ["own_ways:{name}"]}}\n'
    )
    with pytest.raises(RecipeError, match=rf"recipe\.yaml:5(.|\n)*{words}"):
        check(tmp_path / "recipe.yaml")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own_ways:Outside", "has the path /mine/bug"),
        (
            "own_ways:Schema",
            "schema Error of the protocol own_ways:Schema is one of the server",
        ),
    ],
)
def test_what_only_a_model_shows_is_refused_before_it_is_ready(
    name: str, words: str, own: dict[str, str], census: Path
) -> None:
    settings = ServeSettings(protocols=(name,))
    with pytest.raises(RecipeError, match=words):
        make_app(load_model(census, settings, version="7"), settings)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own_ways:Late", "your step own_ways:Late raised KeyError: 'paths'"),
        ("own_ways:Below", "which the protocol v2 has"),
    ],
)
def test_a_server_that_does_not_start_says_whose_fault_it_is(
    name: str, words: str, own: dict[str, str], census: Path, start_raw: Callable[..., Any]
) -> None:
    process = start_raw(census, own, stderr=subprocess.PIPE, protocols=[name])
    out, said = process.communicate(timeout=60)
    kind = OwnCodeError if "Late" in name else RecipeError
    assert process.returncode == kind.exit_code
    assert f"error {kind.__name__}" in out
    assert words in out
    assert "Traceback" not in said
    assert "memory" not in out


def test_the_verb_takes_them_and_what_the_catalog_keeps_imports_nothing(
    own: dict[str, str], census: Path
) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom stoker.bundle import find\n"
        "found = find.FoundBundle(Path(sys.argv[1]), serve={'protocols': ['own_bad:Bad']})\n"
        "find.find_bundle = lambda text, home: found\n"
        "from stoker.cli.app import main\n"
        "sys.argv[1:] = ['serve', 'x', '--port', '0', *sys.argv[2:]]\n"
        "main()"
    )

    def serve(*options: str) -> str:
        words = [sys.executable, "-c", code, str(census), *options]
        done = subprocess.run(
            words, env=os.environ | own, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        return done.stderr

    assert "'own_bad:Bad' is code outside stoker, and own_bad is not imported" in serve()
    assert "own_bad.py:2: your module own_bad raised ZeroDivisionError" in serve(
        "--import", "own_bad"
    )
