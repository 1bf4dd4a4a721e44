"""The page has a control for each kind of column, and what it sends is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import TensorProto, helper

from stoker.bundle.decision import Decision, Interval
from stoker.bundle.interface import Interface
from stoker.bundle.write import write_bundle
from stoker.features import FittedFeature
from stoker.features.boolean import FittedBoolean
from stoker.features.category import FittedCategory
from stoker.features.number import FittedNumber
from stoker.features.timestamp import FittedTimestamp
from stoker.networks.graph_names import OUTPUT, graph_input
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress
from tests.serve.conftest import graph

DAY_US = 86_400_000_000
TIMES = {"first_us": 19_000 * DAY_US, "last_us": 20_000 * DAY_US, "had_missing": False}
PART = {"means": (2024.0,), "stds": (1.0,)}
INPUTS: dict[str, FittedFeature] = {
    "age": FittedNumber(mean=1 / 3, std=1, low=0, high=1, had_missing=False, raw=True),
    '<b>"town"': FittedCategory(vocabulary=("a<b", 'say "hi"'), counts=(1, 1), had_missing=False),
    "many": FittedCategory(
        vocabulary=tuple(f"v{i}" for i in range(500)), counts=(1,) * 500, had_missing=False
    ),
    "smoker": FittedBoolean(num_true=1, num_false=1, had_missing=False),
    "day": FittedTimestamp(kind="moment", **TIMES, parts=("year",), **PART),
    "at": FittedTimestamp(kind="moment", **TIMES, parts=("hour",), **PART),
}


def bundle(folder: Path, task: Any, width: int, decision: Decision | None = None) -> Path:
    """A graph that takes every column and answers with the first number, times its place."""
    constants = {
        "w": np.arange(1, width + 1, dtype=np.float32).reshape(1, width),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", [graph_input("age")], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["f", "axis"], ["column"]),
        helper.make_node("MatMul", ["column", "w"], [OUTPUT]),
    ]
    kinds = {"f4": TensorProto.FLOAT, "f8": TensorProto.DOUBLE, "i4": TensorProto.INT32}
    inputs: dict[str, tuple[int, list[Any]]] = {
        n: (kinds[f.dtype.str[1:]], list(f.shape)) for n, f in INPUTS.items()
    }
    write_bundle(
        folder,
        name="people",
        interface=Interface(INPUTS, (), "y", task),
        graph=graph(inputs, nodes, constants, width),
        weights=constants,
        model={},
        decision=decision,
    )
    return folder


@pytest.fixture(scope="module")
def choosing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    task = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
    return bundle(tmp_path_factory.mktemp("page") / "b", task, 2)


class Controls(HTMLParser):
    """Inputs and selects by name, with their options."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, Mapping[str, str | None]] = {}
        self.options: dict[str, list[str | None]] = {}
        self._name = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("input", "select"):
            self._name = str(values["name"])
            self.found[self._name] = values | {"tag": tag}
        elif tag == "option":
            self.options.setdefault(self._name, []).append(values.get("value"))


def test_each_kind_of_column_has_its_control(choosing: Path, start: Callable[..., Any]) -> None:
    with start(choosing) as server, server.client() as client:
        text = client.get("/").text
        assert '<meta name="viewport"' in text
        controls = Controls(text)
        assert list(controls.found) == list(INPUTS)
        town = '<b>"town"'
        assert controls.found[town]["tag"] == controls.found["smoker"]["tag"] == "select"
        assert controls.options[town] == ["a<b", 'say "hi"', ""]
        assert controls.options["smoker"] == ["true", "false", ""]
        assert controls.found["smoker"]["data-kind"] == "boolean"
        assert controls.found["many"]["list"] == "many-known"
        assert len(controls.options["many"]) == 200
        kinds = [controls.found[name].get("type") for name in ("age", "day", "at")]
        assert kinds == ["number", "date", "datetime-local"]
        assert controls.found["age"]["value"] == "0.333333"
        row = {
            "age": 0.5,
            town: "a<b",
            "many": "v3",
            "smoker": True,
            "day": "2024-05-01",
            "at": "2024-05-01T10:30:00",
        }
        for part in ({}, {"at": "2024-05-01T10:30"}, dict.fromkeys(row) | {"age": 0.5}):
            answer = client.post("/predict", json=row | part)
            assert answer.status_code == 200, answer.text
            assert "warnings" not in answer.json()


def test_the_threshold_moves_the_answer_and_not_the_probability(
    choosing: Path, start: Callable[..., Any]
) -> None:
    row = dict.fromkeys(INPUTS) | {"age": 1.0}
    answers, greetings = [], []
    for settings in ({}, {"threshold": 0.7}, {"threshold": 0.75}):
        with start(choosing, **settings) as server:
            answers.append(httpx.post(f"{server.url}/predict", json=row).json())
            greetings.append(server.greeting.rstrip())
    assert "answers" not in greetings[0], "the more probable class, as everywhere"
    said = "; it answers 'yes' from a probability of 0.75 on (by serve.threshold)"
    assert greetings[2].endswith(said)
    assert [answer["prediction"] for answer in answers] == ["yes", "yes", "no"]
    assert answers[0]["probabilities"] == answers[1]["probabilities"] == answers[2]["probabilities"]
    assert answers[0]["probabilities"]["yes"] == pytest.approx(0.7310586)


def test_a_threshold_for_a_number_is_refused(wages: Path, start_raw: Callable[..., Any]) -> None:
    process = start_raw(wages, threshold=0.3)
    out, _ = process.communicate(timeout=60)
    assert out.startswith("error RecipeError census has no threshold")


def test_a_number_has_the_interval_that_its_bundle_measured(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    task = FittedRegress(mean=10, std=3, low=0, high=30)
    interval = Interval(low=(-1.0,), high=(2.0,))
    made = bundle(tmp_path / "b", task, 1, Decision(interval=interval, level=0.9))
    row = dict.fromkeys(INPUTS) | {"age": 1.0}
    with start(made) as server, server.client() as client:
        answer = client.post("/predict", json=row).json()
        assert (answer["prediction"], answer["low"], answer["high"]) == (13.0, 10.0, 19.0)
        schema = client.get("/openapi.json").json()["components"]["schemas"]["Single"]
        assert {"low", "high"} <= set(schema["required"])
        outputs = client.get("/v2/models/people").json()["outputs"]
        assert [output["name"] for output in outputs] == ["prediction", "low", "high"]
