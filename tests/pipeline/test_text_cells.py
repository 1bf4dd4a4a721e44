"""A text that training read as missing is missing in every row that is answered later."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
from click.testing import CliRunner

import stoker
from stoker.cli.app import root
from stoker.pipeline.run import run

RECIPE = """\
version: 1
name: 病人
data:
  sources: [{csv: {path: 病人.csv, missing: ["", 无], strip: true}}]
  clean: [{missing: {number: median, category: mode}}]
inputs: {年龄: number, 病区: category}
target: {再入院: classify}
model: logistic
train: {preset: fast, epochs: 1, threads: 1}
evaluate: {resamples: 100}
compress: off
"""


def rows(seed: int, size: int) -> list[dict[str, str]]:
    draw = random.Random(seed)
    ages = [draw.choice(["无", " 无 ", "", *map(str, range(20, 90))]) for _ in range(size)]
    wards = [draw.choice(["无", "东", " 东", "西"]) for _ in range(size)]
    return [
        {"年龄": age, "病区": ward, "再入院": "是" if draw.random() < 0.4 else "否"}
        for age, ward in zip(ages, wards, strict=True)
    ]


def test_text_means_the_same_in_training_and_in_answers(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace("病人\n", "patients\n"), encoding="utf-8")
    table = rows(1, 400)
    with (tmp_path / "病人.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    result = run(recipe, home=tmp_path / "home")
    assert result.bundle is not None
    predictor = stoker.load(result.bundle)
    tidy = [
        {name: None if cell.strip() in ("", "无") else cell.strip() for name, cell in row.items()}
        for row in table
    ]
    raw_NK, tidy_NK = (
        predictor.outputs(pa.Table.from_pylist(some).drop_columns(["再入院"]))
        for some in (table, tidy)
    )
    np.testing.assert_array_equal(raw_NK, tidy_NK)

    answers = tmp_path / "answers.csv"
    arguments = ["predict", str(result.bundle), str(tmp_path / "病人.csv"), "-o", str(answers)]
    done = CliRunner().invoke(root, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with answers.open(encoding="utf-8") as file:
        said = [row["prediction"] for row in csv.DictReader(file)]
    labels = predictor.predict(tidy).table.column("prediction").to_pylist()
    assert said == labels
