"""A row in each form that the server takes: equal answers, or a refusal that names the column."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import TensorProto, helper

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import load
from stoker.bundle.write import write_bundle
from stoker.features import FittedFeature
from stoker.features.boolean import FittedBoolean
from stoker.features.category import FittedCategory
from stoker.features.number import FittedNumber
from stoker.features.timestamp import FittedTimestamp
from stoker.networks.graph_names import OUTPUT, graph_input
from stoker.tasks.regress import FittedRegress
from tests.serve.conftest import graph

FIRST_US, LAST_US = 1_600_000_000_000_000, 1_800_000_000_000_000
INPUTS: dict[str, FittedFeature] = {
    "age": FittedNumber(mean=40, std=12, low=0, high=90, had_missing=True, raw=True),
    "fee": FittedNumber(
        mean=40,
        std=12,
        low=0,
        high=2000,
        had_missing=True,
        raw=True,
        decimal=",",
        trailing_minus=True,
        unit="€",
    ),
    "code": FittedCategory(
        vocabulary=("3", "true", "a b", "9007199254740993"), counts=(4, 3, 2, 1), had_missing=True
    ),
    "smoker": FittedBoolean(num_true=2, num_false=2, had_missing=True),
    "day": FittedTimestamp(
        kind="moment",
        first_us=FIRST_US,
        last_us=LAST_US,
        parts=("days",),
        means=(0.0,),
        stds=(1.0,),
        had_missing=True,
    ),
}
ROW: dict[str, Any] = {"age": 30.5, "fee": 12, "code": "a b", "smoker": True, "day": "2024-05-01"}
LENGTH = "inference-header-content-length"


def write_sum(folder: Path, features: dict[str, FittedFeature]) -> Path:
    """A graph that adds its inputs up, a missing number as 1000, each with a weight of its own."""
    kinds = {"f8": TensorProto.DOUBLE, "f4": TensorProto.FLOAT, "i4": TensorProto.INT32}
    constants = {"gone": np.array([1000.0], np.float32), "axis": np.array([1], np.int64)}
    nodes, parts = [], []
    for place, (name, feature) in enumerate(features.items()):
        column, size = graph_input(name), f"w{place}"
        constants[size] = np.array([10.0**place], np.float32)
        nodes += [
            helper.make_node("Cast", [column], [f"f{place}"], to=TensorProto.FLOAT),
            helper.make_node("IsNaN", [f"f{place}"], [f"n{place}"]),
            helper.make_node("Where", [f"n{place}", "gone", f"f{place}"], [f"v{place}"]),
            helper.make_node("Mul", [f"v{place}", size], [f"m{place}"]),
        ]
        part = f"m{place}"
        if not feature.shape:
            nodes.append(helper.make_node("Unsqueeze", [part, "axis"], [f"u{place}"]))
            part = f"u{place}"
        parts.append(part)
    nodes.append(helper.make_node("Sum", parts, [OUTPUT]))
    inputs: dict[str, tuple[int, list[Any]]] = {
        name: (kinds[f.dtype.str[1:]], list(f.shape)) for name, f in features.items()
    }
    write_bundle(
        folder,
        name="forms",
        interface=Interface(features, (), "y", FittedRegress(mean=0, std=1, low=0, high=1)),
        graph=graph(inputs, nodes, constants, 1),
        weights=constants,
        model={},
    )
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sum(tmp_path_factory.mktemp("forms") / "b", INPUTS)


@pytest.fixture(scope="module")
def client(bundle: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(bundle) as server, server.client() as client:
        yield client


# --- the forms


def rest_json(client: httpx.Client, row: dict[str, Any]) -> httpx.Response:
    return client.post("/predict", json=row)


def rest_csv(client: httpx.Client, row: dict[str, Any]) -> httpx.Response:
    file = io.StringIO()
    csv.writer(file).writerows([row.keys(), ["" if v is None else v for v in row.values()]])
    headers = {"content-type": "text/csv"}
    return client.post("/predict", content=file.getvalue().encode(), headers=headers)


def datatype_of(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOL"
    return {int: "INT64", float: "FP64"}.get(type(value), "BYTES")


def v2_json(client: httpx.Client, row: dict[str, Any]) -> httpx.Response:
    inputs = [
        {
            "name": name,
            "shape": [1],
            "datatype": "FP64" if value is None and name == "age" else datatype_of(value),
            "data": [value],
        }
        for name, value in row.items()
    ]
    return client.post("/v2/models/forms/infer", json={"inputs": inputs})


def v2_binary(client: httpx.Client, row: dict[str, Any]) -> httpx.Response:
    inputs, blobs = [], []
    for name, value in row.items():
        kind = "FP64" if value is None and name == "age" else datatype_of(value)
        if kind == "BYTES":
            text = "" if value is None else str(value)
            blob = struct.pack("<I", len(text.encode())) + text.encode()
        else:
            dtype = {"BOOL": "?", "INT64": "<i8", "FP64": "<f8"}[kind]
            blob = np.array([np.nan if value is None else value], dtype).tobytes()
        parameters = {"binary_data_size": len(blob)}
        inputs.append({"name": name, "shape": [1], "datatype": kind, "parameters": parameters})
        blobs.append(blob)
    head = json.dumps({"inputs": inputs}).encode()
    headers = {LENGTH: str(len(head))}
    body = head + b"".join(blobs)
    return client.post("/v2/models/forms/infer", content=body, headers=headers)


FORMS = {"json": rest_json, "csv": rest_csv, "v2 json": v2_json, "v2 binary": v2_binary}


def answer_of(answer: httpx.Response) -> float:
    assert answer.status_code == 200, answer.text
    value = answer.json()
    return (
        value["outputs"][0]["data"][0]
        if "outputs" in value
        else (
            value["predictions"][0]["prediction"] if "predictions" in value else value["prediction"]
        )
    )


# --- what holds


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"age": 30},
        {"age": None},
        {"age": -1e9},
        {"fee": "1,71 €"},
        {"fee": "1,71- €"},
        {"code": "3"},
        {"code": None},
        {"code": "never seen"},
        {"code": "9007199254740993"},
        {"smoker": False},
        {"smoker": None},
        {"smoker": "no"},
        {"smoker": "YES"},
        {"day": None},
        {"day": "2024-05-01 10:30:00"},
        {"day": "2024-05-01T10:30:00Z"},
        dict.fromkeys(INPUTS),
    ],
    ids=str,
)
def test_a_row_has_one_answer_in_every_form(
    client: httpx.Client, bundle: Path, change: dict[str, Any]
) -> None:
    row = ROW | change
    found = {name: answer_of(send(client, row)) for name, send in FORMS.items()}
    want = load(bundle).predict([row]).table["prediction"][0].as_py()
    assert found == dict.fromkeys(FORMS, pytest.approx(want, rel=1e-6))


@pytest.mark.parametrize(
    ("column", "spellings"),
    [
        ("code", [3, "3", 3.0, "3.0"]),
        ("code", [True, "true", "True", "TRUE"]),
        ("code", [2**53 + 1, "9007199254740993"]),
        ("smoker", [True, "true", "True", 1, "1", "yes"]),
        ("smoker", [False, "false", 0, "0", "No"]),
        ("age", [30, 30.0, "30", " 30.0 ", "3e1"]),
        ("age", [None, "", "NA", "-"]),
        ("fee", [None, "", "n/a"]),
        ("fee", ["12,0", "12 €", "12", 12]),
        ("fee", ["-12,5", "12,5-", "12,50 €-", -12.5]),
    ],
)
def test_spellings_of_one_value_have_one_answer_or_a_refusal_by_name(
    client: httpx.Client, column: str, spellings: list[Any]
) -> None:
    answers: dict[str, float] = {}
    for value in spellings:
        for name, send in FORMS.items():
            answer = send(client, ROW | {column: value})
            if answer.status_code == 200:
                answers[f"{name} {value!r}"] = answer_of(answer)
            else:
                assert answer.status_code in (400, 422), answer.text
                assert repr(column) in answer.text or f'"{column}"' in answer.text
    assert len(set(answers.values())) == 1, answers
    assert len(answers) >= 2 * len(spellings)


def test_numbers_and_their_texts_stand_in_one_request(client: httpx.Client) -> None:
    for column, cells in (("age", [30.25, "30.25", 30, "30", None, ""]), ("fee", [1.234, "1,234"])):
        rows = [ROW | {column: cell} for cell in cells]
        found = client.post("/predict", json=rows).json()["predictions"]
        one, other = found[::2], found[1::2]
        assert one == other, column
        alone = [answer_of(rest_json(client, row)) for row in rows]
        assert [answer["prediction"] for answer in found] == alone


def test_metadata_names_the_type_that_training_saw_and_the_others_are_taken(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    numbers = {"mean": 66, "std": 9, "low": 40, "high": 99, "had_missing": False, "raw": True}
    units = {"kg": 1, "g": 0.001}
    features: dict[str, FittedFeature] = {
        "plain": FittedNumber(**numbers),
        "mixed": FittedNumber(**numbers, unit=units, decimal=",", thousands="."),
        "never bare": FittedNumber(**numbers, unit=units, decimal=",", had_bare=False),
    }
    with start(write_sum(tmp_path / "b", features)) as server, server.client() as client:
        inputs = client.get("/v2/models/forms").json()["inputs"]
        assert [one["datatype"] for one in inputs] == ["FP64", "FP64", "BYTES"]
        want = answer_of(client.post("/predict", json=dict.fromkeys(features, 70.125)))
        for name in features:
            text = "70.125" if name == "plain" else "70,125"
            for send in (v2_json, v2_binary):
                row = dict.fromkeys(features, 70.125) | {name: text}
                assert answer_of(send(client, row)) == pytest.approx(want), (name, send)
                assert answer_of(send(client, dict.fromkeys(features, 70.125))) == want


def test_the_guard_of_a_formula_is_taken_off_csv(client: httpx.Client) -> None:
    for fee, guarded in (("-12 €", "'-12 €"), ("+12", "'+12")):
        assert answer_of(rest_csv(client, ROW | {"fee": guarded})) == pytest.approx(
            answer_of(rest_json(client, ROW | {"fee": fee}))
        )


def test_a_sign_of_another_land_is_refused_with_the_one_of_the_model(client: httpx.Client) -> None:
    for name, send in FORMS.items():
        answer = send(client, ROW | {"fee": "1.25"})
        assert answer.status_code in (400, 422), (name, answer.text)
        said = "is read as number: {decimal: ','}; write 1,25"
        assert said in answer.text.replace("\\u0027", "'"), (name, answer.text)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("age", "old"), ("age", True), ("age", [1])),
        *(("code", 2.5), ("code", 1e20), ("code", [1]), ("code", {"a": 1})),
        *(("smoker", "perhaps"), ("smoker", 7), ("smoker", 0.5)),
        *(("day", "someday"), ("day", 20240501), ("day", True), ("day", 1.5)),
    ],
    ids=str,
)
def test_what_no_column_can_hold_is_refused_by_name_in_every_form(
    client: httpx.Client, column: str, value: Any
) -> None:
    is_nested = isinstance(value, list | dict)
    for name, send in FORMS.items():
        if (is_nested and name != "json") or (
            name == "csv" and (column == "code" or value is True)
        ):
            continue  # a text that a category takes, or nothing that the form can say
        answer = send(client, ROW | {column: value})
        if (name, column, value) == ("csv", "day", 20240501):
            continue  # its digits are a date
        assert answer.status_code in (400, 422), (name, answer.text)
        assert repr(column) in answer.text or f'"{column}"' in answer.text, (name, answer.text)
