"""Names in texts, from lines of spans to answers over HTTP: what was evaluated is what answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from stoker.bundle.predictor import Predictor, load
from stoker.bundle.read import open_bundle
from stoker.bundle.rebuild import network_of
from stoker.cells.ragged import Ragged, values_of
from stoker.core.errors import RecipeError
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.engine.table_file import read_table
from stoker.evaluate.score import evaluate
from stoker.pipeline.run import RunResult, run
from stoker.store.catalog import Catalog
from stoker.store.store import Store
from stoker.train.network_output import output_rows
from stoker.views.scores import Scores
from tests.serve.conftest import running

PEOPLE = ["Anna", "José", "Zoë", "Li Wei", "王小明", "Ben"]
PLACES = ["Bonn", "Rome", "New York", "北京", "上海", "Oslo"]
FORMS = [
    "{0} lives in {1}.",
    "In {1} lives {0}, says {0}.",
    "{0}住在{1}。",
    "nothing at all",
    "{1}!",
]
RECIPE = """\
version: 1
name: names
data:
  sources: [{jsonl: {path: texts.jsonl, as_json: [spans]}}]
  split: {test: 0.2, validation: 0.2}
inputs: {text: {tokens: {size: 400}}}
target: {spans: {tag: {text: text}}}
model: {dilated_cnn: {width: 32, layers: 2, pairs: 512, dropout: 0.1}}
train: {epochs: 16, batch_size: 16, rate: 0.02, threads: 1}
evaluate: {resamples: 100}
"""


def rows(count: int = 360, seed: int = 0) -> list[dict[str, Any]]:
    """Texts with the spans of the people and places in them."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        form = FORMS[generator.integers(len(FORMS))]
        names = {"0": ("PER", PEOPLE), "1": ("LOC", PLACES)}
        text, spans, rest = "", [], form
        while "{" in rest:
            before, _, after = rest.partition("{")
            label, words = names[after[0]]
            word = words[generator.integers(len(words))]
            text += before
            spans.append({"start": len(text), "end": len(text) + len(word), "label": label})
            text, rest = text + word, after[2:]
        found.append({"text": text + rest, "spans": spans})
    return found


def write(folder: Path, lines: list[dict[str, Any]], recipe: str = RECIPE) -> Path:
    """The path of the recipe beside these lines."""
    said = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "texts.jsonl").write_text(said, encoding="utf-8")
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    return folder / "recipe.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    write(folder, rows())
    return folder


@pytest.fixture(scope="module")
def made(folder: Path) -> RunResult:
    return run(folder / "recipe.yaml", home=folder / "home")


@pytest.fixture(scope="module")
def predictor(made: RunResult) -> Predictor:
    assert made.bundle is not None
    return load(made.bundle)


@pytest.fixture(scope="module")
def artifacts(folder: Path, made: RunResult) -> dict[str, Any]:
    store, catalog = Store(folder / "home"), Catalog(folder / "home")
    stages = catalog.run(made.run).stages
    return {one.stage: store.find(one.fingerprint or "") for one in stages}


def test_names_are_learned(made: RunResult) -> None:
    for name in ("span_f1", "span_precision", "span_recall"):
        score = made.metrics[name]["value"]
        assert score > 0.9, (name, score)


def test_the_report_shows_each_label(made: RunResult, artifacts: dict[str, Any]) -> None:
    found = Scores.open(artifacts["evaluate"]).evaluations["model"]
    assert [one.name for one in found.per_class or ()] == ["LOC", "PER"]
    assert all((one.f1 or 0) > 0.9 and one.rows > 10 for one in found.per_class or ())
    assert made.report is not None
    page = made.report.read_text(encoding="utf-8")
    assert "F1 of spans" in page
    assert "LOC" in page


def test_what_was_evaluated_is_what_answers(
    predictor: Predictor, artifacts: dict[str, Any]
) -> None:
    scored = PreparedSet.open(artifacts["prepare"].folder, "test")
    written = Scores.open(artifacts["evaluate"]).outputs("model")
    table = read_table(artifacts["clean"].folder / "rows.parquet")
    wanted = {row["_row"]: row for row in table.to_pylist()}
    texts = [{"text": wanted[row]["text"]} for row in scored.row.tolist()]
    again = predictor.output_rows(texts)
    assert isinstance(written, Ragged)
    assert isinstance(again, Ragged)
    np.testing.assert_array_equal(again.offsets, written.offsets)
    np.testing.assert_allclose(again.values, written.values, atol=1e-5)
    found = evaluate(again, scored.target, predictor.interface.task, seed=0, resamples=100)
    kept = Scores.open(artifacts["evaluate"]).evaluations["model"]
    assert found.metrics["span_f1"].value == kept.metrics["span_f1"].value


def test_the_bundle_can_be_trained_further(
    predictor: Predictor, made: RunResult, artifacts: dict[str, Any]
) -> None:
    assert made.bundle is not None
    network = network_of(open_bundle(made.bundle))
    validation = PreparedSet.open(artifacts["prepare"].folder, "validation")
    expected = values_of(output_rows(network, validation))
    np.testing.assert_allclose(predictor.outputs_of(validation.inputs), expected, atol=1e-4)


def test_spans_are_cut_from_the_text_that_was_asked(predictor: Predictor) -> None:
    texts = ["Anna lives in Rome.", "", "王小明住在上海。", "x " * 400 + "Ben"]
    answers = predictor.predict([{"text": text} for text in texts]).table["prediction"]
    for text, spans in zip(texts, answers.to_pylist(), strict=True):
        assert all(text[one["start"] : one["end"]] == one["text"] for one in spans)
        assert all(0 < one["confidence"] <= 1 for one in spans)
    assert [one["text"] for one in answers[0].as_py()] == ["Anna", "Rome"]
    assert answers[1].as_py() == []
    assert [(one["text"], one["label"]) for one in answers[2].as_py()] == [
        ("王小明", "PER"),
        ("上海", "LOC"),
    ]


@pytest.fixture(scope="module")
def client(made: RunResult) -> Iterator[httpx.Client]:
    assert made.bundle is not None
    with running(made.bundle) as server, server.client() as client:
        yield client


def test_a_server_answers_as_the_predictor(client: httpx.Client, predictor: Predictor) -> None:
    asked = [{"text": "Zoë lives in Oslo."}, {"text": ""}]
    answer = client.post("/predict", json=asked)
    assert answer.status_code == 200, answer.text
    served = [one["prediction"] for one in answer.json()["predictions"]]
    expected = predictor.predict(asked).table["prediction"].to_pylist()
    for ours, theirs in zip(served, expected, strict=True):
        assert [one | {"confidence": 0} for one in ours] == [
            one | {"confidence": 0} for one in theirs
        ]


def test_bad_spans_cost_their_rows_and_are_told(tmp_path: Path) -> None:
    lines = rows(300)
    lines[3]["spans"] = [{"start": 0, "end": 9_999, "label": "PER"}]
    lines[5]["spans"] = "none"
    recipe = write(tmp_path, lines, RECIPE.replace("epochs: 16", "epochs: 1"))
    run(recipe, home=tmp_path / "home")
    store, catalog = Store(tmp_path / "home"), Catalog(tmp_path / "home")
    (last,) = catalog.runs()
    [mark] = [one.fingerprint for one in catalog.run(last.id).stages if one.stage == "prepare"]
    rejects = read_table(store.folder(mark or "") / "rejects.parquet").to_pylist()
    assert sorted((one["line"], one["reason"]) for one in rejects) == [
        (4, f"holds the span 0 to 9999, and the text has {len(lines[3]['text'])} characters"),
        (6, "is no list of spans"),
    ]


def test_spans_speak_of_the_text_that_cleaners_leave(tmp_path: Path) -> None:
    clean = "  clean: [mojibake]\n  split:"
    recipe = write(tmp_path, rows(), RECIPE.replace("  split:", clean))
    result = run(recipe, home=tmp_path / "home")
    assert result.bundle is not None
    broken = "Jos\u00c3\u00a9 lives in Oslo."  # José, read in the wrong encoding once
    [spans] = load(result.bundle).predict([{"text": broken}]).table["prediction"].to_pylist()
    assert [one["text"] for one in spans] == ["José", "Oslo"]


@pytest.mark.parametrize("model", ["bag", "mlp"])
def test_a_model_of_rows_is_refused_for_tokens(tmp_path: Path, model: str) -> None:
    recipe = write(tmp_path, rows(60), RECIPE.partition("{dilated_cnn")[0] + model + "\n")
    with pytest.raises(RecipeError, match=f"{model} has one answer a row and cannot be fitted"):
        run(recipe, home=tmp_path / "home")
