"""A run whose inputs say nothing about the target says so, next to the constant answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stoker.core.events import listening
from stoker.pipeline.run import check, run
from tests.pipeline.test_run import Heard

RECIPE = """\
version: 1
name: noise
data:
  sources: [{csv: {path: a.csv}}]
  split: {test: 0.3, validation: 0.2}
target: {价格: regress}
model: logistic
train: {preset: fast, epochs: 2, threads: 1}
evaluate: {resamples: 100}
compress: off
"""


def _told(tmp_path: Path, *overrides: str) -> list[str]:
    heard = Heard()
    with listening(heard):
        run(tmp_path / "recipe.yaml", home=tmp_path / "home", overrides=overrides)
    return [line for line in heard.lines if "rows was answered with" in line]


@pytest.mark.parametrize(
    ("labels", "advice"),
    [("否是", "evaluate.decision=f1"), ("否是中", "train.class_weights=balanced")],
)
def test_a_class_that_is_never_answered_is_named_with_the_key_that_helps(
    tmp_path: Path, labels: str, advice: str
) -> None:
    draw = np.random.default_rng(0)
    names = [labels[n % len(labels)] if n % 15 < len(labels) else "否" for n in range(450)]
    rows = [f"{draw.random():.5f},{name}" for name in names]
    (tmp_path / "a.csv").write_text("\n".join(["尺寸,价格", *rows]) + "\n", encoding="utf-8")
    text = RECIPE.replace("regress", "classify").replace("logistic", "linear")
    text = text.replace("0.2}", "0.2, stratify: 价格}").replace(" epochs: 2,", "")
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    (line,) = _told(tmp_path)
    assert "'是' (the truth of 9)" in line
    key, value = advice.partition("=")[::2]
    section, name = key.split(".")
    assert f"{section}: {{{name}: {value}}}" in line
    assert "'是'" not in "".join(_told(tmp_path, advice))


def test_noise_is_not_sold_as_a_model(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = [f"{draw.random():.5f},{100 + draw.random():.5f}" for _ in range(300)]
    (tmp_path / "a.csv").write_text("\n".join(["尺寸,价格", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        result = run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    (line,) = [line for line in heard.lines if "than always answering 100.5" in line]
    assert "the inputs say little about the target" in line
    assert "better than always answering 100.5, which gets" in result.summary["headline"]
    assert result.metrics["rmse"]["constant"] > 0
    assert result.report is not None
    assert "✗ no better" in result.report.read_text("utf-8")
    facts = json.loads(result.report.with_name("report.json").read_text("utf-8"))
    assert set(facts["evaluations"]) == {"model", "constant"}
    assert "better than always answering" in result.report.with_name("card.md").read_text("utf-8")


def test_a_class_that_a_part_lacks_is_named_with_what_that_makes_undefined(tmp_path: Path) -> None:
    """Three rows of 200: whichever are drawn, without `stratify` some part has none of them."""
    draw = np.random.default_rng(0)
    rows = [f"{draw.random():.5f},{'否是'[n in (5, 90, 150)]}" for n in range(200)]
    (tmp_path / "a.csv").write_text("\n".join(["尺寸,价格", *rows]) + "\n", encoding="utf-8")
    text = RECIPE.replace("regress", "classify").replace("logistic", "linear")
    text = text.replace("test: 0.3", "test: 0.15").replace(" epochs: 2,", "")
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    heard = Heard()
    with listening(heard):
        run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    told = [line for line in heard.lines if "part has no row of '是'" in line]
    assert any("the test part has no row of '是' (3 rows in all), so no score" in t for t in told)
    (line,) = [line for line in told if "undefined" in line]
    assert "Recall" in line
    assert "ROC AUC" in line
    assert "the main score is Accuracy" in line
    heard = Heard()
    with listening(heard):
        checked = check(tmp_path / "recipe.yaml", home=tmp_path / "new home")
    assert checked is not None
    assert any("the test part has no row of '是'" in line for line in heard.lines)
