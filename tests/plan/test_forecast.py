"""The plan before, between and after runs, and its guesses beside what really happened."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from stoker.core.errors import DataError
from stoker.core.events import listening
from stoker.pipeline.run import check, run
from stoker.plan import wait
from stoker.plan.forecast import RunPlan
from stoker.store.catalog import Catalog
from tests.pipeline.test_run import Heard

PIXELS = """\
version: 1
name: pixels
data:
  sources: [{idx: {images: images, labels: labels}}]
  split: {test: 0.2, validation: 0.2, stratify: label}
inputs: {image: image}
target: {label: classify}
model: {mlp: {hidden: [64]}}
train: {preset: fast, threads: 1}
evaluate: {resamples: 100}
compress: off
"""
FACTOR, SLACK_S = 5, 3.0
"""What `stoker check --help` says of a guess, and seconds for a busy machine on tiny data."""


@pytest.fixture
def pixels_project(tmp_path: Path) -> Path:
    """1,797 real digits of 24 x 24 pixels in IDX files, as MNIST comes."""
    data: Any = load_digits()
    images, labels = data.data, data.target
    small_NHW = (images.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    image_NHW = np.kron(small_NHW, np.ones((1, 3, 3), np.uint8))
    for name, values in (("images", image_NHW), ("labels", labels.astype(np.uint8))):
        header = b"\0\0\x08" + bytes([values.ndim])
        sizes = struct.pack(f">{values.ndim}I", *values.shape)
        (tmp_path / name).write_bytes(header + sizes + values.tobytes())
    (tmp_path / "recipe.yaml").write_text(PIXELS, encoding="utf-8")
    return tmp_path


def seconds(plan: RunPlan) -> dict[str, float | None]:
    return {stage.name: stage.seconds for stage in plan.stages}


@pytest.mark.parametrize("kind", ["pixels", "tumours", "digits"])
def test_guesses_are_right_within_the_factor_that_is_promised(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    project: Path = request.getfixturevalue(f"{kind}_project")
    recipe, home = project / "recipe.yaml", tmp_path / "home"
    plan = check(recipe, home=home)
    assert {stage.seconds_from for stage in plan.stages} == {"rates"}
    assert all(stage.rows for stage in plan.stages if stage.name != "bundle")
    result = run(recipe, home=home)
    done = {stage.stage: stage for stage in Catalog(home).run(result.run).stages}
    for stage in plan.stages:
        said, real = stage.seconds or 0.0, done[stage.name].seconds
        assert said / FACTOR - SLACK_S <= real <= FACTOR * said + SLACK_S, stage.name


def test_rows_before_the_first_run_are_nearly_those_after_it(
    tumours_project: Path, tmp_path: Path
) -> None:
    recipe, home = tumours_project / "recipe.yaml", tmp_path / "home"
    before = {stage.name: stage.rows for stage in check(recipe, home=home).stages}
    run(recipe, home=home)
    for stage in check(recipe, home=home).stages:
        assert stage.status == "cached"
        assert stage.seconds == 0
        if stage.rows is not None:
            assert before[stage.name] == pytest.approx(stage.rows, rel=0.02)


def test_after_a_run_its_times_are_scaled(digits_project: Path, tmp_path: Path) -> None:
    recipe, home = digits_project / "recipe.yaml", tmp_path / "home"
    result = run(recipe, home=home)
    same = check(recipe, home=home, overrides=["seed=5"])
    assert {s.seconds_from for s in same.to_do} == {"runs"}
    assert seconds(same)["train"] == pytest.approx(result.seconds["train"], rel=0.01, abs=0.01)
    longer = check(recipe, home=home, overrides=["seed=5", "train.epochs=3000"])
    assert (seconds(longer)["train"] or 0) > 2 * (seconds(same)["train"] or 0)
    other = check(recipe, home=home, overrides=["model={resnet: {}}"])
    assert {s.name: s.seconds_from for s in other.to_do}["train"] == "rates"


def test_another_recipe_of_the_same_kind_is_taken_as_a_yardstick(
    digits_project: Path, tmp_path: Path
) -> None:
    recipe, home = digits_project / "recipe.yaml", tmp_path / "home"
    run(recipe, home=home, until="prepare")
    renamed = recipe.with_name("other.yaml")
    renamed.write_text(recipe.read_text("utf-8").replace("name: digits", "name: other"), "utf-8")
    plan = check(renamed, home=home, overrides=["data.split.test=0.3"])
    found = {stage.name: stage.seconds_from for stage in plan.stages}
    assert (found["acquire"], found["split"], found["train"]) == (None, "runs", "rates")


def test_a_budget_caps_training(digits_project: Path, tmp_path: Path) -> None:
    recipe, home = digits_project / "recipe.yaml", tmp_path / "home"
    long = ["train.epochs=100000", "train.budget=90s"]
    (train,) = [s for s in check(recipe, home=home, overrides=long).stages if s.name == "train"]
    assert (train.seconds, train.seconds_from) == (90, "budget")
    short = ["train.epochs=1", "train.budget=90s"]
    (train,) = [s for s in check(recipe, home=home, overrides=short).stages if s.name == "train"]
    assert train.seconds_from == "rates"


def test_files_that_are_no_text_are_refused(tumours_project: Path, tmp_path: Path) -> None:
    (tumours_project / "tumours.csv").write_bytes(b"\x01\0\x02")
    with pytest.raises(DataError, match="holds NUL bytes"):
        check(tumours_project / "recipe.yaml", home=tmp_path / "home")


def test_a_long_wait_is_told_before_it(
    tumours_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tumours_project / "recipe.yaml"
    heard = Heard()
    with listening(heard):
        run(recipe, home=tmp_path / "quick")
    assert not [line for line in heard.lines if "what is left" in line]
    monkeypatch.setattr(wait, "_LONG_S", 0.1)
    for overrides, said in (
        ([], "budget: 60s} would end it"),
        (["train.budget=0.2s"], "train.budget says"),
    ):
        heard = Heard()
        with listening(heard):
            run(recipe, home=tmp_path / said[:6], overrides=overrides)
        (line,) = [line for line in heard.lines if "what is left takes about" in line]
        assert said in line
        assert "classes" not in line


def test_many_classes_take_longer(tmp_path: Path) -> None:
    """Each class takes trees of its own: nine were said to take the 5 s of two, and took 55."""
    random = np.random.default_rng(0)
    guesses = {}
    for classes in (2, 9):
        rows = [f"{x:.4f},k{random.integers(classes)}" for x in random.normal(size=3000)]
        (tmp_path / f"{classes}.csv").write_text("\n".join(["x,y", *rows]) + "\n", "utf-8")
        plan = check(tmp_path / f"{classes}.csv", target="y", home=tmp_path / "home")
        guesses[classes] = seconds(plan)["train"] or 0.0
    assert guesses[9] > 3 * guesses[2]
    result = run(tmp_path / "9.csv", target="y", home=tmp_path / "home", train={"preset": "fast"})
    again = check(
        tmp_path / "9.csv", target="y", home=tmp_path / "home", train={"preset": "fast"}, seed=5
    )
    guess = seconds(again)["train"] or 0.0
    assert guess == pytest.approx(result.seconds["train"], rel=0.01, abs=0.01), "no class twice"
