"""One table in all its forms: trained on each, asked by each, the answers are equal.

Forms differ in how they spell a value: CSV by hand says `true`, `3` and `2024-02-29`; pandas writes
`True` and, because a cell is empty, `3.0`; Parquet and frames have types, JSON both.
"""

from __future__ import annotations

import datetime as dt
import json
import struct
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stoker
from stoker.bundle.predictor import Predictor
from stoker.cli.predictions import predict_file
from stoker.pipeline.run import run
from stoker.serve.messages import Request
from stoker.serve.protocols.rest import read_rows
from stoker.serve.protocols.v2 import read_infer
from stoker.serve.served_model import ServedAnswers, ServedModel

pytestmark = pytest.mark.slow

NUM_ROWS = 240
RECIPE = """
version: 1
name: forms
data: {{sources: [{source}], split: {{test: 0.2, validation: 0.2}}}}
inputs:
  active: category
  member: boolean
  rooms: category
  price: category
  weight: number
  day: category
  seen: timestamp
  remark: text
target: {{bought: classify}}
model: logistic
train: {{preset: fast, threads: 1}}
compress: off
"""


def rows() -> list[dict[str, Any]]:
    """Values of every kind, a few of them missing; what is bought follows all of them."""
    random = np.random.default_rng(0)
    made = []
    for index in range(NUM_ROWS):
        active, member = bool(random.random() < 0.5), bool(random.random() < 0.5)
        rooms, price = int(random.integers(1, 5)), Decimal(int(random.integers(1, 4)) * 50) / 100
        day = dt.date(2024, 2, 27) + dt.timedelta(days=int(random.integers(0, 4)))
        seen = dt.datetime(2024, 1, 1) + dt.timedelta(hours=int(random.integers(0, 9_000)))
        score = active + 2 * member + rooms + day.day % 2 + (seen.weekday() > 4) - 4.5
        made.append(
            {
                "active": None if index % 17 == 3 else active,
                "member": None if index % 19 == 4 else member,
                "rooms": None if index % 23 == 5 else rooms,
                "price": price,
                "weight": round(float(random.normal()), 3),
                "day": day,
                "seen": None if index % 29 == 6 else seen,
                "remark": ["good", "bad, late", "很好"][int(random.integers(0, 3))],
                "bought": bool(score + random.normal() > 0),
            }
        )
    return made


ROWS = rows()
NAMES = list(ROWS[0])
TABLE = pa.table(
    {
        name: pa.array(
            [row[name] for row in ROWS], pa.decimal128(9, 2) if name == "price" else None
        )
        for name in NAMES
    }
)


def by_hand(path: Path) -> None:
    lines = [",".join(NAMES)]
    for row in ROWS:
        cells = ["" if row[name] is None else str(row[name]) for name in NAMES]
        for place, name in enumerate(NAMES):
            if isinstance(row[name], bool):
                cells[place] = cells[place].lower()
            if name == "remark":
                cells[place] = f'"{cells[place]}"'
        lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def by_pandas(path: Path) -> None:
    frame = pd.DataFrame(ROWS)
    frame["rooms"] = frame["rooms"].astype(float)
    frame.to_csv(path, index=False)


def by_json(path: Path) -> None:
    lines = [json.dumps(json_row(row)) for row in ROWS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def json_row(row: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {**row, "day": row["day"].isoformat(), "price": str(row["price"])}
    made["seen"] = None if row["seen"] is None else row["seen"].isoformat()
    made["rooms"] = None if row["rooms"] is None else float(row["rooms"])
    return made


FILES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "hand": ("csv: {path: rows.csv}", by_hand),
    "pandas": ("csv: {path: rows.csv}", by_pandas),
    "parquet": ("parquet: {path: rows.parquet}", lambda path: pq.write_table(TABLE, path)),
    "json": ("jsonl: {path: rows.jsonl}", by_json),
}


@pytest.fixture(scope="module", params=FILES)
def predictor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Predictor:
    folder = tmp_path_factory.mktemp(request.param)
    source, write = FILES[request.param]
    write(folder / source.split()[-1].removesuffix("}"))
    (folder / "recipe.yaml").write_text(RECIPE.format(source=source), encoding="utf-8")
    done = run(folder / "recipe.yaml", home=folder / "home")
    assert done.bundle is not None
    return stoker.load(done.bundle)


@pytest.fixture(scope="module")
def answers(predictor: Predictor) -> np.ndarray:
    """What the table of types is answered."""
    return predictor.predict_proba(TABLE)


def test_every_form_of_rows_is_answered_alike(predictor: Predictor, answers: np.ndarray) -> None:
    forms: dict[str, Any] = {
        "dicts": ROWS,
        "pandas": pd.DataFrame(ROWS),
        "pandas with floats": pd.DataFrame(ROWS).astype({"rooms": float}),
        "polars": polars.DataFrame(ROWS, schema_overrides={"price": polars.Decimal(9, 2)}),
        "texts": [{n: None if v is None else str(v) for n, v in row.items()} for row in ROWS],
    }
    for name, form in forms.items():
        found = predictor.predict(form)
        assert found.unseen.keys() <= {"weight", "seen"}, name
        np.testing.assert_allclose(predictor.predict_proba(form), answers, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("form", FILES)
def test_every_file_is_answered_alike(
    predictor: Predictor, answers: np.ndarray, form: str, tmp_path: Path
) -> None:
    source, write = FILES[form]
    path = tmp_path / source.split()[-1].removesuffix("}")
    write(path)
    predict_file(predictor, path, tmp_path / "out.parquet", [])
    columns = [f"probability_{label}" for label in predictor.classes]
    found = pq.read_table(tmp_path / "out.parquet", columns=columns)
    np.testing.assert_allclose(
        np.stack([column.to_numpy() for column in found.columns], 1), answers, atol=1e-6
    )


def test_every_protocol_is_answered_alike(predictor: Predictor, answers: np.ndarray) -> None:
    model = ServedModel(predictor, "forms", "1")
    inputs = list(model.cells)
    asked = [{name: json_row(row)[name] for name in inputs} for row in ROWS]
    bodies = {
        b"application/json": json.dumps(asked).encode(),
        b"text/csv": csv_body(inputs).encode(),
    }
    for kind, body in bodies.items():
        read = read_rows(request({b"content-type": kind}), body, model, NUM_ROWS)
        same_as(model, read.rows, answers, kind.decode())
    head = json.dumps({"inputs": [tensor(name) for name in inputs]}).encode()
    same_as(model, read_infer(request({}), head, model, NUM_ROWS).rows, answers, "V2 JSON")
    blobs = [binary(name) for name in inputs]
    described = [
        {"name": name, "shape": [NUM_ROWS], "datatype": "FP64" if name == "weight" else "BYTES"}
        | {"parameters": {"binary_data_size": len(blob)}}
        for name, blob in zip(inputs, blobs, strict=True)
    ]
    head = json.dumps({"inputs": described}).encode()
    length = {b"inference-header-content-length": str(len(head)).encode()}
    read = read_infer(request(length), b"".join([head, *blobs]), model, NUM_ROWS)
    same_as(model, read.rows, answers, "V2 binary")


def request(headers: dict[bytes, bytes]) -> Request:
    async def receive() -> Any:
        raise AssertionError("the body is given")

    return Request({"method": "POST", "path": "/", "headers": list(headers.items())}, receive)


def same_as(model: ServedModel, rows: Any, answers: np.ndarray, form: str) -> None:
    (found,) = model.answer([rows])
    assert isinstance(found, ServedAnswers), form
    np.testing.assert_allclose(found.columns["probabilities"], answers, atol=1e-6, err_msg=form)


def csv_body(inputs: list[str]) -> str:
    frame = pd.DataFrame(ROWS)[inputs]
    return frame.astype({"rooms": float}).to_csv(index=False)


def text_of(row: dict[str, Any], name: str) -> str:
    return "" if row[name] is None else str(row[name])


def tensor(name: str) -> dict[str, Any]:
    """A column as JSON: whole numbers and bools as such where none is missing, else text."""
    if name == "weight":
        data: list[Any] = [row[name] for row in ROWS]
        return {"name": name, "shape": [NUM_ROWS], "datatype": "FP64", "data": data}
    data = [text_of(row, name) for row in ROWS]
    return {"name": name, "shape": [NUM_ROWS], "datatype": "BYTES", "data": data}


def binary(name: str) -> bytes:
    if name == "weight":
        return np.array([row[name] for row in ROWS], "<f8").tobytes()
    texts = [text_of(row, name).encode() for row in ROWS]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
