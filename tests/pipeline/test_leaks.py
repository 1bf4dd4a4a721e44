"""A run whose score is too good says which column to look at, on the terminal and in the report."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import pytest

from stoker.core.events import listening
from stoker.evaluate import leaks
from stoker.evaluate.leaks import TELLING
from stoker.pipeline.run import run
from tests.pipeline.test_run import Heard

RECIPE = """\
version: 1
name: patients
data:
  sources: [{csv: {path: a.csv}}]
  split: {test: 0.3, validation: 0.2, stratify: 结果}
target: {结果: classify}
model: logistic
train: {preset: fast, epochs: 3, threads: 1}
evaluate: {resamples: 100}
compress: off
"""


def test_a_column_that_was_filled_in_afterwards_is_named(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    lines = ["年龄,出院科室,结果"]
    for _ in range(300):
        label = draw.choice(["阳性", "阴性"], p=[0.3, 0.7])
        lines.append(f"{draw.integers(20, 80)},{'肿瘤科' if label == '阳性' else '内科'},{label}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        result = run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    (line,) = [line for line in heard.lines if "columns to look at" in line]
    assert "columns to look at: '出院科室' (ROC AUC 1)" in line
    assert "年龄" not in line
    assert result.report is not None
    assert line in html.unescape(result.report.read_text("utf-8"))
    assert "columns to look at" in result.report.with_name("card.md").read_text("utf-8")


@pytest.mark.parametrize("column", ["出院科室", "科室"])
def test_how_many_rows_were_asked_is_told_where_they_are_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setattr(leaks, "MOST_ROWS", 150)
    draw = np.random.default_rng(0)
    lines = [f"年龄,{column},结果"]
    for _ in range(300):
        label = draw.choice(["阳性", "阴性"], p=[0.3, 0.7])
        told = label if column == "出院科室" else draw.choice(["内科", "外科"])
        lines.append(f"{draw.integers(20, 80)},{told},{label}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        result = run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    (line,) = [line for line in heard.lines if "asked on" in line]
    assert "150 of 210 rows of training and validation, drawn at random" in line
    assert ("columns to look at" in line) == (column == "出院科室")
    assert result.report is not None
    assert line in html.unescape(result.report.read_text("utf-8"))
    assert "asked on 150 of 210 rows" in result.report.with_name("card.md").read_text("utf-8")


def test_another_spelling_of_the_target_is_named_though_the_score_is_likely(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    wages = np.exp(draw.normal(6, 0.7, 400)).round(2)
    lines = ["logwage,years,wage"]
    lines += [f"{np.log(w):.5f},{draw.integers(1, 40)},{w}" for w in wages]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = RECIPE.replace(", stratify: 结果}", "}").replace("结果: classify", "wage: regress")
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        result = run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    assert result.metrics["r2"]["value"] < TELLING, "the plain model cannot bend the logarithm"
    (line,) = [line for line in heard.lines if "columns to look at" in line]
    assert line.startswith("an input may tell the answer; columns to look at: 'logwage'")
    assert "years" not in line
    assert result.report is not None
    assert line in html.unescape(result.report.read_text("utf-8"))


def test_columns_that_tell_the_answer_together_are_named(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = zip(*draw.integers(18, 70, (3, 900)), strict=True)
    lines = ["age,school,height,years", *(f"{a},{b},{c},{a - b}" for a, b, c in rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = RECIPE.replace(", stratify: 结果}", "}").replace("结果: classify", "years: regress")
    text = text.replace("model: logistic", "model: linear")
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        result = run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    (line,) = [line for line in heard.lines if "together" in line]
    assert "look at 'age', 'school'" in line or "look at 'school', 'age'" in line
    assert "height" not in line
    assert result.report is not None
    assert line in html.unescape(result.report.read_text("utf-8"))


def test_the_column_by_which_rows_are_divided_is_no_leak(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    labels = draw.choice(["阳性", "阴性"], 60, p=[0.4, 0.6])
    lines = ["年龄,病房,结果"]
    lines += [f"{draw.integers(20, 80)},w{n % 60},{labels[n % 60]}" for n in range(600)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = RECIPE.replace("stratify: 结果", "group: 病房")
    inputs = "inputs: {年龄: number, 病房: category}\n"
    (tmp_path / "recipe.yaml").write_text(text + inputs, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    assert any("data.split.group divides the rows by it" in line for line in heard.lines)
    assert not [line for line in heard.lines if "columns to look at" in line]
