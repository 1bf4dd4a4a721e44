"""The examples of "What you can add" work: as a user's own modules, and as files in the tree."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

import stoker
from stoker.answers.classes import ClassAnswers
from stoker.cli.example import write_example
from stoker.store.home import find_home
from stoker.store.store import Store
from stoker.testing import assert_metric
from tests.docs.conftest import ROOT, pages_module

EXAMPLES = ROOT / "examples/extending"
KINDS = pages_module("kinds").KINDS
RECIPE = """
version: 1
name: prices
data:
  max_lost: 0.6
  sources: [{SQLITE: {path: sales.db, query: select * from sales order by rowid}}]
  clean: [{BLANK_ROWS: {columns: [name, size, town]}}]
inputs: {name: LETTERS, size: number, town: HASHED_WORDS}
target: {price: TASK}
model: {MAXOUT: {width: 8}}
train:
  preset: fast
  loss: HUBER
  optimizer: SIGN_SGD
  schedule: LINEAR_FALL
  sampler: SOME
  strategy: HALF
evaluate: {metrics: [METRICS], resamples: 100}
compress: {methods: [FLOAT16], max_accuracy_loss: 1}
"""
PICTURES = """
version: 1
name: digits
data: {sources: [{images: {path: photos}}]}
inputs: {image: image}
target: {label: classify}
model: {cnn: {width: 4}}
train: {preset: fast, epochs: 1, augment: [DIM]}
evaluate: {resamples: 100}
compress: off
"""
IN_THE_TREE = """
import asyncio, json, sys
from pathlib import Path
import httpx
import stoker
from stoker.bundle.write import seal_bundle
from stoker.serve.asgi import make_app
from stoker.serve.load_model import load_model
from stoker.serve.serve_settings import ServeSettings
from stoker.store.catalog.notes import Notes

bundle, home = Path(sys.argv[1]), sys.argv[2]
rows = [{"name": "abc", "size": 50.0, "town": "Ulm"}, {"name": None, "size": 90.0, "town": "Jena"}]
told = stoker.load(bundle).predict(rows).table["prediction"].to_pylist()

async def ask():
    app = make_app(load_model(bundle, ServeSettings(), version="1"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        body = "name,size,town\\nabc,50.0,Ulm\\n,90.0,Jena\\n"
        answer = await client.post("/lines", content=body, headers={"content-type": "text/csv"})
        wrong = await client.post("/lines", content="size\\nx\\n")
        assert wrong.text.startswith("error: "), wrong.text
        assert "/lines" in (await client.get("/openapi.json")).json()["paths"]
    await app.close()
    return [float(line) for line in answer.text.splitlines()]

lines = asyncio.run(ask())
form = json.loads((bundle / "bundle.json").read_bytes())
(bundle / "bundle.json").write_text(json.dumps(form | {"runtime": {"reference": {}}}))
seal_bundle(bundle)
judged = stoker.load(bundle).predict(rows).table["prediction"].to_pylist()
Notes(home).add("looks good")
print(json.dumps([told, lines, judged, Notes(home).all()]))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with sales in a database, three of them blank, and pictures of digits."""
    random = Random(0)
    with closing(sqlite3.connect(tmp_path / "sales.db")) as database:
        database.execute("CREATE TABLE sales (name TEXT, size REAL, town TEXT, price REAL)")
        for _ in range(300):
            size, town = random.uniform(20, 200), random.choice(["Bonn", "Ulm", "Jena"])
            price = size * (5 if town == "Ulm" else 2) * random.uniform(0.9, 1.1)
            sale = ("x" * random.randint(1, 30), size, town, price)
            database.execute("INSERT INTO sales VALUES (?, ?, ?, ?)", sale)
        database.executemany("INSERT INTO sales VALUES (NULL, NULL, '', ?)", [(1,), (2,), (3,)])
        database.commit()
    write_example(tmp_path, tmp_path)
    return tmp_path


def recipe(text: str, names: dict[str, str]) -> str:
    """The recipe with the examples' names in place of the words in capitals."""
    return re.sub(r"\b[A-Z][A-Z_]+[A-Z0-9_]*\b", lambda found: names[found[0]], text)


def run(arguments: Sequence[str], project: Path, path: Path) -> str:
    """A Python of this environment with a folder in front of its path; what it says."""
    environment = {key: value for key, value in os.environ.items() if key != "STOKER_HOME"}
    environment |= {"PYTHONPATH": f"{path}:{Path(stoker.__file__).parent.parent}"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rejected(project: Path) -> dict[str, int]:
    """Rows that each step left out."""
    manifests = Store(find_home(project / ".stoker")).manifests()
    flows = [flow for one in manifests for flow in one.summary.get("flows", ())]
    return {flow["step"]: flow["rejected"] for flow in flows}


def own_names() -> dict[str, str]:
    """`module:Class` of each example, by the capitals that stand for it."""
    found = {}
    for file in EXAMPLES.glob("*.py"):
        kinds = [kind for kind in KINDS for name, _ in kind.examples if name == file.stem]
        classes = re.findall(r"^class (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        if kinds and classes:
            found[file.stem.upper()] = f'"{file.stem}:{classes[-1]}"'
    return found | {"TASK": found["LOG_REGRESS"], "METRICS": found["WITHIN"]}


def test_every_example_is_on_the_page() -> None:
    shown = {name for kind in KINDS for name, _ in kind.examples}
    assert shown == {file.stem for file in EXAMPLES.glob("*.py")}
    for kind in KINDS:
        for name, place in kind.examples:
            assert len((EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()) <= 50, name
            assert (ROOT / place).parent.is_dir(), place


def test_a_users_own_modules(shop: Path) -> None:
    names = own_names()
    (shop / "recipe.yaml").write_text(recipe(RECIPE, names), encoding="utf-8")
    (shop / "pictures.yaml").write_text(recipe(PICTURES, names), encoding="utf-8")
    run(["-m", "stoker", "run", "recipe.yaml"], shop, EXAMPLES)
    assert rejected(shop)["blank_rows:BlankRows"] == 3
    run(["-m", "stoker", "run", "pictures.yaml"], shop, EXAMPLES)
    assert_files_are_described(shop)


def assert_files_are_described(project: Path) -> None:
    """What artifacts hold is what the page on architecture says."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| ([a-z, ]+) \| (`.+) \|$", page, re.MULTILINE))
    by_kind = {kind: said[names] for names in said for kind in names.split(", ")}
    for one in Store(find_home(project / ".stoker")).manifests():
        for path in one.files:
            *folders, name = path.split("/")
            is_inside = {"bundle", "inputs"} & {*folders} or (one.kind == "compress" and folders)
            assert is_inside or f"`{name}`" in by_kind[one.kind], f"{one.kind}: {path}"


def test_the_test_of_ones_own_module(tmp_path: Path) -> None:
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    section = page.partition("## Try your own module")[2]
    shown = section.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "test_blank_rows.py").write_text(shown, encoding="utf-8")
    assert "1 passed" in run(["-m", "pytest", "-q"], tmp_path, EXAMPLES)


def test_the_metric_of_classes() -> None:
    sys.path.insert(0, str(EXAMPLES))
    try:
        kind = importlib.import_module("worst_class").WorstClass
        output_NK = np.log([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
        assert_metric(kind(), [(ClassAnswers(output_NK, np.array([0, 0, 1, 1])), 1 / 2)])
    finally:
        sys.path.remove(str(EXAMPLES))


@pytest.fixture
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source and the tests, with every example in its place."""
    folder = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(stoker.__file__).parent, folder / "src/stoker", ignore=ignored)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "docs").symlink_to(ROOT / "docs")
    for kind in KINDS:
        for name, place in kind.examples:
            shutil.copy(EXAMPLES / f"{name}.py", folder / place)
    return folder


def test_files_in_the_tree(shop: Path, tree: Path) -> None:
    names = {name: name.lower() for name in own_names()}
    names |= {"TASK": "ratio_regress", "METRICS": ""}
    (shop / "recipe.yaml").write_text(recipe(RECIPE, names), encoding="utf-8")
    said = run(["-m", "stoker", "run", "recipe.yaml"], shop, tree / "src")
    assert re.search(r"^log_error +0\.\d+", said, re.MULTILINE), said
    assert re.search(r"^within +0\.\d+", said, re.MULTILINE), said
    counts = rejected(shop)
    assert (counts["thin"], counts["blank_rows"]) == (151, 2)
    bundle = shop / "bundle"
    shutil.copytree(Path(re.findall(r"^bundle +(.+)$", said, re.MULTILINE)[0]), bundle)
    assert "model.onnx" in run(["-m", "stoker", "size", "bundle"], shop, tree / "src")
    answer = run(["-c", IN_THE_TREE, str(bundle), str(shop / "home")], shop, tree / "src")
    told, lines, judged, notes = json.loads(answer.splitlines()[0])
    assert lines == told
    assert judged == pytest.approx(told, rel=1e-4)
    assert notes == ["looks good"]


@pytest.mark.slow
def test_the_promises_of_their_kinds_hold(tree: Path) -> None:
    files = sorted({f"tests/{kind.test}" for kind in KINDS})
    names = " or ".join(name for kind in KINDS for name, _ in kind.examples)
    said = run(["-m", "pytest", "-q", "-k", names, *files], tree, tree / "src")
    assert re.search(r"\d+ passed", said), said
