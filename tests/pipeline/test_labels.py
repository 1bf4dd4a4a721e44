"""Several labels a row, from a table with `a;b` in its cells to answers over HTTP."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from stoker.bundle.predictor import load
from stoker.pipeline.run import RunResult, run
from tests.serve.conftest import running

WORDS = {
    "sport": ["match", "goal", "team", "league", "coach"],
    "money": ["bank", "market", "shares", "profit", "loan"],
    "war": ["army", "soldier", "border", "missile", "troops"],
}
COMMON = ["the", "of", "and", "today", "said", "city", "year", "with"]
RECIPE = """\
version: 1
name: news
data:
  sources: [{csv: {path: news.csv}}]
  split: {test: 0.2, validation: 0.2}
inputs: {INPUTS}
target: {topics: {labels: {delimiter: ";"}}}
MODELevaluate: {resamples: 100}
"""
WAYS = {
    "bag": ("{text: {tokens: {size: 400}}}", ""),
    "mlp": ("{goal: number, bank: number, army: number}", "train: {epochs: 20, batch_size: 32}\n"),
}


def write(folder: Path, way: str) -> Path:
    generator = np.random.default_rng(0)
    with (folder / "news.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["text", "goal", "bank", "army", "topics"])
        for _ in range(400):
            own = [name for name in WORDS if generator.random() < 0.4]
            words = [*generator.choice(COMMON, 8)]
            for name in own:
                words += [*generator.choice(WORDS[name], 2)]
            numbers = [round(float(generator.normal(3 * (name in own))), 3) for name in WORDS]
            text = " ".join(generator.permutation(words))
            lines.writerow([text, *numbers, ";".join(own) or ";"])
    inputs, model = WAYS[way]
    recipe = RECIPE.replace("INPUTS", inputs[1:-1]).replace("MODEL", model)
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    return folder / "recipe.yaml"


@pytest.fixture(scope="module", params=sorted(WAYS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("labels")
    return run(write(folder, request.param), home=folder / "home")


def test_labels_are_learned_and_answered_as_evaluated(made: RunResult) -> None:
    assert made.metrics["micro_f1"]["value"] > 0.85
    assert {"macro_f1", "mean_average_precision", "subset_accuracy", "hamming_loss"} <= set(
        made.metrics
    )
    assert made.bundle is not None
    predictor = load(made.bundle)
    assert predictor.classes == ("money", "sport", "war")
    rows = [
        {"text": "goal match army", "goal": 3.0, "bank": -0.5, "army": 3.0},
        {"text": "the of", "goal": -0.5, "bank": -0.5, "army": -0.5},
    ]
    found = predictor.predict(rows)
    assert found.table["prediction"].to_pylist() == [["sport", "war"], []]
    with running(made.bundle) as server, server.client() as client:
        said = client.post("/predict", json=rows)
        columns = predictor.interface.inputs
        tensors = [
            {
                "name": name,
                "shape": [2],
                "datatype": "BYTES" if name == "text" else "FP64",
                "data": [row[name] for row in rows],
            }
            for name in columns
        ]
        tensor = client.post(f"/v2/models/{predictor.info['name']}/infer", json={"inputs": tensors})
        prediction = tensor.json()["outputs"][0]
    answers = said.json()["predictions"]
    assert [one["prediction"] for one in answers] == [["sport", "war"], []]
    assert (prediction["datatype"], prediction["shape"]) == ("BYTES", [2])
    assert [json.loads(one) for one in prediction["data"]] == [["sport", "war"], []]
    assert set(answers[0]["probabilities"]) == {"money", "sport", "war"}


def test_the_report_has_a_table_by_label(made: RunResult) -> None:
    assert made.report is not None
    page = made.report.read_text(encoding="utf-8")
    for name in WORDS:
        assert name in page
    assert "F1 (micro)" in page
