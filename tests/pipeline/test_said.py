"""The report, its JSON and the card tell all that the terminal told, also of cached stages."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np

from stoker.core.events import listening
from stoker.pipeline.result import RunResult
from stoker.pipeline.run import run
from stoker.store.store import Store
from tests.pipeline.test_run import Heard

RECIPE = """\
version: 1
name: houses
data:
  sources: [{csv: {path: a.csv}}]
  split: {test: 0.3, validation: 0.2}
  max_rejects: 0.1
inputs: {尺寸: number}
target: {价格: regress}
model: logistic
train: {preset: fast, epochs: 2, threads: 1}
evaluate: {resamples: 100}
compress: off
"""


def _project(folder: Path) -> Path:
    draw = np.random.default_rng(0)
    lines = ["尺寸,价格,街道", "1,2"]  # the first row is too short
    lines += [f"{draw.random():.5f},{100 + draw.random():.5f},同一条街" for _ in range(300)]
    (folder / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.replace("inputs: {尺寸: number}\n", ""), encoding="utf-8")
    return recipe


def _told(result: RunResult) -> list[str]:
    """Every line of `report.json`, each of which stands on the page and in the card too."""
    assert result.report is not None
    page = html.unescape(result.report.read_text("utf-8"))
    card = result.report.with_name("card.md").read_text("utf-8").replace("\\", "")
    said = json.loads(result.report.with_name("report.json").read_text("utf-8"))["said"]
    for line in said:
        assert line["text"] in page
        assert line["text"].split(";")[0] in card
    return [line["text"] for line in said]


def test_every_line_of_the_terminal_stands_in_the_report(tmp_path: Path) -> None:
    recipe, home = _project(tmp_path), tmp_path / "home"
    heard = Heard()
    with listening(heard):
        first = run(recipe, home=home)
    assert any("column '街道' is not used: every value is the same" in one for one in heard.lines)
    assert any("records cannot be used (acquire)" in one for one in heard.lines)
    assert _told(first) == heard.lines
    again = Heard()
    with listening(again):
        second = run(recipe, home=home, overrides=["evaluate.resamples=101"])
    assert not any("街道" in one for one in again.lines), "the stage that says it is cached"
    assert "champion of houses" in again.lines[-1]
    assert _told(second) == [*heard.lines, again.lines[-1]]
    assert second.bundle is not None
    assert "every value is the same" in (second.bundle / "card.md").read_text("utf-8")


def test_what_is_of_the_moment_stands_in_no_artifact(tmp_path: Path) -> None:
    recipe, home = _project(tmp_path), tmp_path / "home"
    first = run(recipe, home=home, until="prepare")
    manifests = {m.kind: m for m in Store(home).manifests()}
    (folder,) = (home / "artifacts").glob(manifests["clean"].fingerprint)
    (folder / "rows.parquet").write_bytes(b"damaged")
    heard = Heard()
    with listening(heard):
        second = run(recipe, home=home, until="prepare")
    assert (first.status, second.status) == ("partial", "partial")
    assert any("put aside" in one for one in heard.lines)
    assert {m.kind: m for m in Store(home).manifests()} == manifests
