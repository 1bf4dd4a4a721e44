"""Cells that training never saw are answered and told: in the answer, the metrics, the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

GOOD = {"age": 40, "职业": "nurse"}
ODD = {"age": 40, "职业": "Nurse "}
FAR = {"age": 140, "职业": None}


@pytest.fixture(scope="module")
def people(census: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(census) as server, server.client() as client:
        yield client


def told(client: httpx.Client, rows: Any) -> Any:
    answer = client.post("/predict", json=rows)
    assert answer.status_code == 200, answer.text
    return answer.json().get("warnings")


def cells(client: httpx.Client, column: str) -> float:
    found = 0.0
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(f'stoker_unseen_cells_total{{column="{column}"}}'):
            found = float(line.split()[-1])
    return found


def test_known_and_missing_cells_are_answered_without_a_warning(people: httpx.Client) -> None:
    assert told(people, GOOD) is None
    assert told(people, [GOOD, {"age": None, "职业": None}, {"age": 0, "职业": 3}]) is None


def test_a_cell_that_training_never_saw_is_told(people: httpx.Client) -> None:
    assert told(people, {"age": 1, "职业": "cook"}) == ["column '职业': training never saw 'cook'"]
    assert told(people, FAR) == ["column 'age': training never saw '140.0'"]
    several = told(people, [GOOD, {"age": 200, "职业": "cook"}, GOOD, FAR])
    assert several == [
        "column 'age': 2 of 4 cells hold what training never saw, such as '200.0'",
        "column '职业': 1 of 4 cells hold what training never saw, such as 'cook'",
    ]


def test_a_column_that_is_wholly_unseen_is_told_as_such(people: httpx.Client) -> None:
    (sentence,) = told(people, [GOOD | {"职业": "COOK"}] * 3)
    assert "none of the 3 cells is what training saw, such as 'COOK'" in sentence
    assert "written in another way" in sentence


def test_a_row_that_is_refused_does_not_shift_the_warnings(people: httpx.Client) -> None:
    with ThreadPoolExecutor(12) as pool:
        asked = [GOOD, {"age": 1, "职业": "cook"}, {"age": 1e300, "职业": "x"}, FAR] * 15
        found = list(pool.map(lambda row: people.post("/predict", json=row), asked))
    for row, answer in zip(asked, found, strict=True):
        if row["age"] == 1e300:
            assert answer.status_code == 422
        else:
            assert ("warnings" in answer.json()) == (row is not GOOD)


def test_v2_tells_it_as_one_text(people: httpx.Client) -> None:
    def infer(job: str) -> dict[str, Any]:
        inputs = [
            {"name": "age", "datatype": "FP64", "shape": [1], "data": [40]},
            {"name": "职业", "datatype": "BYTES", "shape": [1], "data": [job]},
        ]
        return people.post("/v2/models/census/infer", json={"inputs": inputs}).json()

    assert "parameters" not in infer("nurse")
    assert "parameters" not in infer("")
    assert infer("cook")["parameters"]["warnings"] == "column '职业': training never saw 'cook'"
    assert "a missing text is written as ''" in infer("None")["parameters"]["warnings"]


def test_csv_tells_it_too(people: httpx.Client) -> None:
    body = "age,职业\n1,cook\n2,3\n".encode()
    answer = people.post("/predict", content=body, headers={"content-type": "text/csv"})
    assert len(answer.json()["warnings"]) == 1


def test_the_metrics_count_cells_by_column(people: httpx.Client) -> None:
    before = cells(people, "职业"), cells(people, "age")
    told(people, [{"age": 1, "职业": "cook"}] * 3 + [FAR, GOOD])
    assert (cells(people, "职业"), cells(people, "age")) == (before[0] + 3, before[1] + 1)
    labels = {
        line.partition("{")[2].partition("}")[0]
        for line in people.get("/metrics").text.splitlines()
        if line.startswith("stoker_unseen_cells_total{")
    }
    assert labels <= {'column="age"', 'column="职业"'}


def test_whoever_runs_the_server_hears_once_of_a_column_that_is_unknown(
    census: Path, start_raw: Callable[..., Any], tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w+") as log:
        process = start_raw(census, stderr=log)
        url = process.stdout.readline().split(" at ")[1].split(" ")[0]
        for _ in range(4):
            rows = [{"age": 1, "职业": "COOK"}] * 60
            assert httpx.post(f"{url}/predict", json=rows, timeout=20).status_code == 200
        process.terminate()
        process.communicate(timeout=60)
        log.seek(0)
        lines = [line for line in log.read().splitlines() if line.startswith("warning")]
    assert len(lines) == 1
    assert "120 of 120 cells of column '职业' are not what training saw" in lines[0]


def test_a_number_without_its_unit_is_answered_and_told(tmp_path: Path) -> None:
    import pyarrow as pa

    from stoker.features.number import FittedNumber
    from stoker.serve.form_page import page
    from stoker.serve.load_model import example_row, load_model
    from stoker.serve.serve_settings import ServeSettings
    from stoker.serve.served_model import ServedAnswers
    from tests.serve.conftest import table_bundle

    years = FittedNumber(
        unit={"y": 1, "mo": 1 / 12}, had_bare=False, mean=40, std=12, low=0, high=90,
        had_missing=True,
    )  # fmt: skip
    bundle = table_bundle(tmp_path / "bundle", age=years)
    model = load_model(bundle, ServeSettings(threads=1, max_batch=1))
    rows = [pa.table({"age": pa.array([cell]), "职业": ["nurse"]}) for cell in (40, "480 mo", "40")]
    number, unit, text = model.answer(rows)
    for answers in (number, text):
        assert isinstance(answers, ServedAnswers)
        assert answers.unseen is not None
        assert answers.unseen.counts == {"age": 1}
        (told,) = answers.unseen.sentences
        assert told == "column 'age': training never saw '40'; it has no unit and is read as 'y'"
    assert isinstance(unit, ServedAnswers)
    assert isinstance(number, ServedAnswers)
    assert unit.unseen is None
    assert unit.columns["prediction"] == number.columns["prediction"]
    assert example_row(model)["age"].to_pylist() == ["40 y"]
    body = page(model).body
    assert isinstance(body, bytes)
    assert b'data-kind="text" value="40 y"' in body


def test_many_columns_do_not_make_a_long_answer() -> None:
    import numpy as np
    import pyarrow as pa

    from stoker.serve.unseen import UnseenCounter

    rows = pa.table({f"c{i}": ["x" * 1000] * 2 for i in range(500)})
    unseen = UnseenCounter(rows, {f"c{i}": np.array([True, False]) for i in range(500)})
    assert len(unseen.sentences) == 21
    assert unseen.sentences[-1] == "so do cells of 480 more columns"
    assert len(json.dumps(unseen.sentences)) < 10_000
