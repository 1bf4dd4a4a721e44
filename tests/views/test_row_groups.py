"""Rows of one group are known as such where scores get their intervals."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.engine.table_file import write_table
from stoker.pipeline.run import run
from stoker.views.row_groups import group_codes

RECIPE = """\
version: 1
name: visits
data:
  sources: [{csv: {path: visits.csv}}]
  split: {test: 0.3, validation: 0.2, group: 病人}
inputs: {x: number}
target: {y: classify}
model: logistic
train: {preset: fast, epochs: 1, threads: 1}
evaluate: {resamples: 300}
compress: off
"""


def test_equal_values_belong_together_and_missing_ones_to_nobody(tmp_path: Path) -> None:
    row_N = np.array([1, 3, 5, 7, 9, 11])
    table = {"_row": row_N, "病人": pa.array(["b", "a", None, "b", " ", "c"])}
    write_table(pa.table(table), tmp_path / "rows.parquet")
    asked = np.array([7, 1, 9, 5, 3])
    group_N = group_codes(tmp_path / "rows.parquet", asked, "病人")
    assert group_N is not None
    assert group_N[0] == group_N[1], "both are b"
    assert sorted(set(group_N.tolist())) == [0, 1, 2, 3]
    assert group_codes(tmp_path / "rows.parquet", asked, None) is None


def interval_width(tmp_path: Path, group: str) -> tuple[float, int | None]:
    """Width of the accuracy's interval where every patient has forty equal visits."""
    recipe = RECIPE if group else RECIPE.replace(", group: 病人", "")
    folder = tmp_path / (group or "none")
    folder.mkdir()
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    draw = random.Random(3)
    with (folder / "visits.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["病人", "x", "y"])
        for patient in range(40):
            label, centre = draw.choice("ab"), draw.gauss(0, 1)
            for _ in range(40):
                writer.writerow([f"p{patient}", centre + draw.gauss(0, 0.01), label])
    result = run(folder / "recipe.yaml", home=folder / "home")
    assert result.report is not None
    said = json.loads(result.report.with_suffix(".json").read_bytes())
    score = result.metrics["accuracy"]
    best = said["candidates"]["model"] if "candidates" in said else said["evaluations"]["model"]
    return score["high"] - score["low"], best["num_groups"]


def test_intervals_of_grouped_rows_are_as_wide_as_the_groups_are_few(tmp_path: Path) -> None:
    narrow, no_groups = interval_width(tmp_path, "")
    wide, groups = interval_width(tmp_path, "病人")
    assert no_groups is None
    assert groups == 12
    assert wide > 2 * narrow
