"""Rows that were answered wrong are shown, whatever their cells are."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stoker.pipeline.run import run

NOISE = """\
version: 1
name: noise
data:
  sources: [{parquet: {path: t.parquet}}]
  split: {test: 0.3, validation: 0.2, stratify: label}
inputs: {half: number, kind: category}
target: {label: classify}
model: logistic
train: {preset: fast, epochs: 1, threads: 1}
evaluate: {resamples: 100}
compress: off
"""


def test_a_wrongly_answered_row_may_hold_cells_of_any_kind(tmp_path: Path) -> None:
    draw, size = np.random.default_rng(0), 120
    half_N = draw.normal(size=size)
    half_N[::2] = np.nan
    moment_N = np.arange(size) + 1_700_000_000_123_456_789
    columns = {
        "half": pa.array(half_N, from_pandas=False),
        "kind": pa.array(draw.choice(["甲", "乙"], size)).dictionary_encode(),
        "infinite": pa.array(np.full(size, -np.inf, np.float32)),
        "moment": pa.array(moment_N, pa.timestamp("ns", "Asia/Shanghai")),
        "day": pa.array(np.arange(size, dtype=np.int32) * 10**5).cast(pa.date32()),
        "price": pa.array([Decimal(f"{number}.50") for number in range(size)]),
        "raw": pa.array([bytes([255, number]) for number in range(size)]),
        "text": pa.array([f"t{number}" for number in range(size)], pa.large_string()),
        "label": pa.array(draw.choice(["a", "b"], size)),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (tmp_path / "recipe.yaml").write_text(NOISE, encoding="utf-8")
    result = run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    assert result.report is not None
    mistakes = json.loads(result.report.with_name("report.json").read_bytes())["mistakes"]
    assert None in {mistake["cells"]["half"] for mistake in mistakes}
    assert {mistake["cells"]["kind"] for mistake in mistakes} <= {"甲", "乙"}
    assert ">nan</td>" not in result.report.read_text("utf-8")
