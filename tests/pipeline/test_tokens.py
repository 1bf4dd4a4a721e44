"""A table with texts as tokens, from the recipe to answers over HTTP.

The rows are characters of Unicode: their names, and what kind of character they are.  The feature
is a file in the tree of a stoker of its own, which runs and serves in processes of their own.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

import stoker
import stoker.features
from stoker.answers.classes import softmax
from stoker.bundle.find import find_bundle
from stoker.bundle.predictor import load
from stoker.bundle.read import open_bundle
from stoker.bundle.rebuild import network_of
from stoker.core import steps
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.engine.table_file import read_table
from stoker.store.catalog import Catalog
from stoker.store.store import Store
from stoker.train.network_output import outputs
from tests.networks import words
from tests.networks.words import MOST_WORDS
from tests.serve.conftest import running

RECIPE = """\
version: 1
name: characters
data:
  sources: [{csv: {path: characters.csv}}]
  split: {test: 0.2, validation: 0.2, stratify: kind}
inputs: {name: {words: {num_tokens: 5000}}, width: category}
target: {kind: classify}
model: {mlp: {hidden: [16]}}
train: {preset: fast, epochs: 8, batch_size: 64, rate: 0.02, threads: 1, sampler: bucketed}
evaluate: {resamples: 100}
"""


@dataclass(frozen=True)
class Made:
    """A run and where its artifacts lie."""

    folder: Path
    bundle: Path
    artifacts: dict[str, Path]

    @property
    def environment(self) -> dict[str, str]:
        """That of the stoker with one more feature."""
        return {"PYTHONPATH": str(self.folder / "source")}


def write_characters(folder: Path) -> None:
    """Every sixth named character up to U+3000; one without a name, one of very many words."""
    named = [chr(code) for code in range(0x3000) if unicodedata.name(chr(code), "")][::6]
    rows = [
        (unicodedata.name(sign), unicodedata.east_asian_width(sign), unicodedata.category(sign)[0])
        for sign in named
    ]
    rows = [row for row in rows if row[2] in "LMNS"]
    rows += [("", "N", "S"), ("LETTER " * (MOST_WORDS + 9), "N", "L")] * 3
    with (folder / "characters.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("name", "width", "kind"), *rows])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("characters")
    write_characters(folder)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    shutil.copytree(Path(stoker.__file__).parent, folder / "source/stoker")
    shutil.copy(words.__file__, folder / "source/stoker/features/words.py")
    made = Made(folder, folder, {})
    told = cli(made, "run", "recipe.yaml", "--home", "home")
    assert told.returncode == 0, told.stdout + told.stderr
    store, catalog = Store(folder / "home"), Catalog(folder / "home")
    (last,) = catalog.runs()
    stages = catalog.run(last.id).stages
    artifacts = {one.stage: store.folder(one.fingerprint or "") for one in stages}
    with pytest.MonkeyPatch.context() as patch:
        # So that this process reads the bundle too.
        patch.setattr(stoker.features, "__path__", [*stoker.features.__path__, str(folder)])
        shutil.copy(words.__file__, folder / "words.py")
        steps._names.cache_clear()
        yield Made(folder, find_bundle("characters", folder / "home").folder, artifacts)
    steps._names.cache_clear()


def cli(made: Made, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the verb of that stoker says."""
    return subprocess.run(
        [sys.executable, "-m", "stoker", *arguments],
        cwd=made.folder,
        env=os.environ | made.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def client(made: Made) -> Iterator[httpx.Client]:
    with running(made.bundle, made.environment) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def rows(made: Made) -> list[dict[str, Any]]:
    """The raw rows of the test part, in the order of the prepared set."""
    table = read_table(made.artifacts["clean"] / "rows.parquet")
    row_N = PreparedSet.open(made.artifacts["prepare"], "test").row
    at_N = np.searchsorted(table["_row"].to_numpy(), row_N)
    return table.take(at_N).select(["name", "width"]).to_pylist()


def probabilities(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.array([list(one["probabilities"].values()) for one in answer.json()["predictions"]])


def evaluated(made: Made) -> np.ndarray:
    column = read_table(made.artifacts["evaluate"] / "outputs.parquet")["model"]
    return softmax(column.combine_chunks().flatten().to_numpy().reshape(len(column), -1))


def test_tokens_are_kept_narrow_and_learned_from(made: Made) -> None:
    train = PreparedSet.open(made.artifacts["prepare"], "train")
    assert train.ragged["name"].values.dtype == np.uint16
    answers = load(made.bundle).predict(
        [{"name": "GREEK SMALL LETTER ALPHA", "width": "N"}, {"name": "PLUS SIGN", "width": "Na"}]
    )
    assert answers.table["prediction"].to_pylist() == ["L", "S"]


def test_what_is_served_is_what_was_evaluated(
    made: Made, client: httpx.Client, rows: list[dict[str, Any]]
) -> None:
    served = probabilities(client.post("/predict", json=rows))
    np.testing.assert_allclose(served, evaluated(made), atol=1e-5)


def test_batch_mates_change_no_answer(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    some = rows[:12]
    long = {"name": "DIGIT " * 1_900, "width": "N"}
    together = probabilities(client.post("/predict", json=[*some, long]))[:-1]
    alone = np.concatenate([probabilities(client.post("/predict", json=[one])) for one in some])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_texts_of_any_length_and_sign_are_answered(client: httpx.Client) -> None:
    texts = [
        None,
        "",
        " ",
        "?!",
        "A",
        "字" * 9_000,
        "LETTER " * 90_000,
        "\x00\u202e\ufeff",
        "e\u0301",
    ]
    answer = client.post("/predict", json=[{"name": text, "width": "N"} for text in texts])
    found = probabilities(answer)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert not np.allclose(found[1], found[6])


def test_a_cell_that_is_no_text_spoils_its_own_request_only(client: httpx.Client) -> None:
    refused = client.post("/predict", json=[{"name": 7, "width": "N"}])
    assert refused.status_code == 422, refused.text
    assert "expected string or null" in refused.text
    assert client.post("/predict", json=[{"name": "PLUS", "width": "N"}]).status_code == 200


def test_what_the_model_leans_on_is_told_of_tokens_too(made: Made) -> None:
    findings = json.loads((made.artifacts["evaluate"] / "findings.json").read_bytes())
    ranked = [one["column"] for one in findings["importance"]]
    assert sorted(ranked) == ["name", "width"]
    assert findings["why_not_drawn"]["name"].startswith("a text is many")


def test_the_network_of_the_bundle_can_learn_further(made: Made) -> None:
    network = network_of(open_bundle(made.bundle))
    test = PreparedSet.open(made.artifacts["prepare"], "test")
    assert isinstance(network, torch.nn.Module)
    assert network.training
    found_NK = load(made.bundle).decision.adjust(outputs(network, test))
    np.testing.assert_allclose(softmax(found_NK), evaluated(made), atol=1e-5)


def test_a_model_of_tables_is_refused_before_anything_is_read(made: Made) -> None:
    recipe = made.folder / "other.yaml"
    recipe.write_text(RECIPE.replace("{mlp: {hidden: [16]}}", "boosted_trees"), encoding="utf-8")
    told = cli(made, "check", "other.yaml", "--home", "home")
    assert told.returncode == 2
    assert "boosted_trees cannot take 'name', whose rows have any length" in told.stderr
