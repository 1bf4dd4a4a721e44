"""A protocol is one file: found by its name, behind the same gate, in the same document."""

from __future__ import annotations

import asyncio
import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import stoker
from stoker.core.steps import step_name
from stoker.serve.asgi import App, make_app
from stoker.serve.deployment import Deployment
from stoker.serve.keys import VARIABLE, Keys
from stoker.serve.load_model import load_model
from stoker.serve.messages import BodyBudget, Request
from stoker.serve.metrics import Metrics
from stoker.serve.protocols import Protocol, find_protocols
from stoker.serve.routing import Deployments, Router
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.served_model import ServedModel
from stoker.testing import assert_protocol

KEY = "pE3xkZ-0aVQyT7u_WmC4sLr9dHbN2jGfKq5oRi8Yt1U"
PAGE = Path(__file__).parents[2] / "docs/serving.md"


def lines_of_the_page() -> str:
    """The protocol that the page shows how to add."""
    section = PAGE.read_text(encoding="utf-8").partition("## Add a protocol")[2]
    return section.partition("```python\n")[2].partition("```")[0]


def source_with(folder: Path, name: str, text: str) -> dict[str, str]:
    """The environment of a stoker that has one more protocol."""
    shutil.copytree(Path(stoker.__file__).parent, folder / "stoker")
    (folder / f"stoker/serve/protocols/{name}.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def lines(
    census: Path, start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    environment = source_with(tmp_path_factory.mktemp("source"), "lines", lines_of_the_page())
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        start(census, {**environment, VARIABLE: KEY}, max_body_bytes=5000) as server,
        server.client(headers=headers) as client,
    ):
        yield client


def test_one_file_is_a_protocol(lines: httpx.Client) -> None:
    rows = [{"age": 20, "职业": "nurse"}, {"age": 70, "职业": "农民"}]
    told = lines.post("/predict", json=rows).json()["predictions"]
    answer = lines.post("/lines", content="20;nurse\n70;农民".encode())
    assert answer.status_code == 200, answer.text
    assert answer.text.splitlines() == [str(one["prediction"]) for one in told]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "/lines" in lines.get("/openapi.json").json()["paths"]
    assert 'route="/lines"' in lines.get("/metrics").text


def test_whatever_is_wrong_under_its_prefix_is_told_in_its_form(lines: httpx.Client) -> None:
    wrong = [
        (lines.post("/lines/nothing"), 404),
        (lines.get("/lines"), 405),
        (lines.post("/lines", content=bytes(6000)), 413),
        (lines.post("/lines", headers={"x": "a" * 40_000}), 431),
        (lines.post("/lines", headers={"host": "evil.example"}), 421),
        (lines.post("/lines", headers={"origin": "http://evil.example"}), 403),
        (lines.post("/lines", headers={"authorization": "Bearer x"}), 401),
    ]
    for answer, status in wrong:
        assert answer.status_code == status
        assert answer.text.startswith("no: "), answer.text
    assert wrong[1][0].headers["allow"] == "POST"
    assert isinstance(lines.post("/linesmen").json()["error"], dict), "of nobody's prefix"


def test_it_is_closed_without_saying_so(lines: httpx.Client) -> None:
    for path in ("/lines", "/lines/nothing"):
        for method in ("GET", "POST", "DELETE"):
            answer = lines.request(method, path, headers={"authorization": ""})
            assert answer.status_code == 401


# --- promises of every protocol


@pytest.mark.parametrize("protocol", find_protocols(), ids=step_name)
def test_keeps_its_promises(protocol: Protocol, census: Path) -> None:
    asks = importlib.import_module(f"tests.serve.asks.{step_name(protocol)}")
    assert_protocol(protocol, census, sound=asks.SOUND)


@pytest.fixture(scope="module")
def apps(census: Path, digits: Path) -> list[App]:
    return [make_app(load_model(path, ServeSettings(), version="7")) for path in (census, digits)]


def test_every_path_stands_under_a_prefix_of_its_own(apps: list[App]) -> None:
    protocols = find_protocols()
    assert len(protocols) >= 2
    prefixes = [protocol.prefix for protocol in protocols]
    for protocol in protocols:
        assert protocol.prefix.startswith("/")
        assert [prefix for prefix in prefixes if protocol.owns(prefix)] == [protocol.prefix]
        for app in apps:
            routes = protocol.routes(app.deployments)
            assert routes or step_name(protocol) == "embeddings"  # neither bundle gives vectors
            assert all(map(protocol.owns, routes))
            assert routes.keys() <= app.routes.keys()


def test_nothing_but_probes_is_open(apps: list[App]) -> None:
    probes = {"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}
    for app in apps:
        assert {path for path, route in app.routes.items() if route.is_open} == probes


def test_every_described_path_is_a_route_and_every_schema_is_there(apps: list[App]) -> None:
    for app in apps:
        for protocol in app.protocols:
            paths, schemas = protocol.openapi(app.deployments)
            routes = protocol.routes(app.deployments)
            assert paths.keys() <= routes.keys()
            for path, item in paths.items():
                assert {method.upper() for method in item} <= routes[path].methods.keys()
            assert refs(paths) | refs(schemas) <= schemas.keys() | {"Error"}


def refs(value: Any) -> set[str]:
    """Names of the schemas that a part of the document points to."""
    if isinstance(value, dict):
        mine = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return mine.union(*map(refs, value.values()))
    return set().union(*map(refs, value)) if isinstance(value, list) else set()


# --- who answers


class ByHeader(Router):
    """The version that a header names, else the first."""

    def choose(self, request: Request, deployments: Any) -> Deployment:
        wanted = request.headers.get(b"x-version", b"1").decode()
        return next(one for one in deployments if one.model.version == wanted)


def test_a_router_chooses_among_versions_and_a_path_overrules_it(census: Path) -> None:
    settings, metrics = ServeSettings(), Metrics()
    predictor = load_model(census, settings).predictor
    budget = BodyBudget(settings.max_buffered_bytes)
    members = [
        Deployment(ServedModel(predictor, "census", version), settings, metrics, budget)
        for version in ("1", "2")
    ]
    app = App(Deployments(members, ByHeader()), settings, Keys(), metrics)
    inputs = [
        {"name": "age", "shape": [1], "datatype": "FP64", "data": [30]},
        {"name": "职业", "shape": [1], "datatype": "BYTES", "data": ["nurse"]},
    ]

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for version in ("1", "2"):
                headers = {"x-version": version}
                row = {"age": 30, "职业": "nurse"}
                answer = await client.post("/predict", json=row, headers=headers)
                assert answer.json()["version"] == version
                for path, told in (("", version), ("/versions/2", "2"), ("/versions/1", "1")):
                    url = f"/v2/models/census{path}/infer"
                    answer = await client.post(url, json={"inputs": inputs}, headers=headers)
                    assert answer.json()["model_version"] == told
            assert (await client.get("/v2/models/census")).json()["versions"] == ["1", "2"]
            members[1].ready = False
            assert (await client.get("/readyz")).status_code == 503
            for version, status in (("1", 200), ("2", 503)):
                url = f"/v2/models/census/versions/{version}/ready"
                assert (await client.get(url)).status_code == status
        await app.close()

    asyncio.run(ask())
