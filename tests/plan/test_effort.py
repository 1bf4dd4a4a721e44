"""The arithmetic of estimates follows the networks and presets that are really built."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stoker.core.steps import find_step
from stoker.data.extent import Extent
from stoker.features import FittedFeature
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models import Network
from stoker.networks.stages import Shape
from stoker.plan.effort import GFLOPS, efforts, measure_gflops
from stoker.plan.presets import Preset, choose
from stoker.plan.size import Size
from stoker.recipe.load import load_recipe
from stoker.tasks.classify import FittedClassify
from stoker.train.speed import multiplications as counted

ROOT = Path(__file__).parents[2]
MEASURED = json.loads((ROOT / "benchmarks" / "results" / "runs.json").read_text())["rows"]
DIGITS = Extent(
    rows=70_000,
    exact=True,
    size_bytes=55_000_000,
    num_files=4,
    num_columns=2,
    picture=(1, 28, 28),
    encoded=False,
    classes=10,
    parts={"train": 54_000, "validation": 6_000, "test": 10_000},
)
EXTENTS = {
    "mnist": DIGITS,
    "mnist-mlp": DIGITS,
    "census": Extent(
        rows=299_285,
        exact=True,
        size_bytes=155_800_000,
        num_files=2,
        num_columns=42,
        picture=None,
        encoded=False,
        classes=2,
        parts={"train": 169_595, "validation": 29_928, "test": 99_762},
    ),
}
CLASSES = FittedClassify(classes=tuple("0123456789"), counts=(1,) * 10, kind="text")


def image(shape: Shape) -> FittedImage:
    channels: Any = shape[0]
    return FittedImage(
        height=shape[1],
        width=shape[2],
        channels=channels,
        resize="stretch",
        mean=(0.5,) * channels,
        std=(0.5,) * channels,
    )


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (3, 100, 130), (1, 8, 8)])
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("cnn", {"width": 16, "depth": 2, "hidden": (64, 32)}),
        ("cnn", {}),
        ("resnet", {"blocks": (1, 2)}),
        ("mlp", {"hidden": (50,)}),
        ("logistic", {}),
    ],
)
def test_multiplications_are_those_of_the_built_network(
    name: str, fields: dict[str, Any], shape: Shape
) -> None:
    step = find_step("stoker.models", name, Network)(**fields)
    features: dict[str, FittedFeature] = {"image": image(shape)}
    network = step.build(features, 10)
    row = {"image": torch.zeros(1, *shape, dtype=torch.uint8)}
    said = step.multiplications(shape, 0, 10)
    assert said is not None
    # A training step multiplies twice in the first layer, three times in the others.
    assert 1.9 * said <= counted(network, row) <= 3.1 * said


@pytest.mark.parametrize("preset", ["fast", "good", "best"])
@pytest.mark.parametrize("columns", ["image: image", "age: number"])
def test_the_plan_takes_the_model_that_the_preset_takes(
    preset: Preset, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.plan.presets.missing_backbone", lambda: None)
    recipe = load_recipe(
        "version: 1\nname: a\ndata: {sources: [{images: {path: a}}]}\n"
        f"inputs: {{{columns}}}\ntarget: {{label: classify}}\ntrain: {{preset: {preset}}}\n"
    )
    fitted: FittedFeature = image((3, 32, 32))
    if "number" in columns:
        fitted = FittedNumber(mean=0, std=1, low=0, high=1, had_missing=False, raw=True)
    said = Size(recipe, pictures(300), GFLOPS).main
    assert said == choose(preset, None, {"x": fitted}, CLASSES, 300, {}).model


def test_checking_a_recipe_that_names_a_network_imports_no_torch(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n2,y\n" * 50, encoding="utf-8")
    code = (
        "import sys, stoker\n"
        "from stoker.core.steps import find_step, step_names\n"
        "from stoker.models import Model\n"
        "for name in step_names('stoker.models'): find_step('stoker.models', name, Model)\n"
        "for model in ('logistic', '{mlp: {hidden: [8]}}', 'boosted_trees'):\n"
        "    stoker.check('version: 1\\nname: a\\ndata: {sources: [{csv: {path: a.csv}}]}\\n'\n"
        "        f'target: {{b: classify}}\\nmodel: {model}\\n')\n"
        "print([name for name in ('torch', 'lightgbm') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def pictures(rows: int) -> Extent:
    parts = {"train": rows, "validation": rows // 4, "test": rows // 4}
    return Extent(
        rows=sum(parts.values()),
        exact=True,
        size_bytes=3_000 * rows,
        num_files=rows,
        num_columns=1,
        picture=(3, 32, 32),
        encoded=True,
        classes=10,
        parts=parts,
    )


def test_a_users_own_model_has_no_time_but_its_data_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_model.py").write_text(
        "from stoker.models import Estimator, Network\n\n\n"
        "class Theirs(Network):\n    def build(self, features, num_outputs): ...\n\n\n"
        "class Own(Estimator):\n"
        "    def fit(self, train, validation, task, *, under, weight_K=None): ...\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("Theirs", "Own"):
        recipe = load_recipe(
            "version: 1\nname: a\ndata: {sources: [{images: {path: a}}]}\n"
            f"target: {{label: classify}}\nmodel: their_model:{name}\n"
        )
        found = efforts(recipe, pictures(1000))
        assert {"acquire", "prepare", "baseline"} <= set(found)
        assert not {"train", "compress", "evaluate"} & set(found)


def test_more_work_takes_longer() -> None:
    text = (
        "version: 1\nname: a\ndata: {sources: [{images: {path: a}}]}\n"
        "target: {label: classify}\ntrain: {epochs: 3}\n"
    )
    few, many = (efforts(load_recipe(text), pictures(rows)) for rows in (1_000, 100_000))
    assert set(few) == set(many)
    assert all(few[stage].seconds <= many[stage].seconds for stage in few)
    longer = efforts(load_recipe(text, ["train.epochs=30"]), pictures(1_000))
    assert longer["train"].seconds > 5 * few["train"].seconds
    quick = efforts(load_recipe(text), pictures(100_000), gflops=2_000)
    assert quick["train"].seconds < many["train"].seconds


def test_steps_of_few_small_pictures_cost_more_than_their_multiplications() -> None:
    """2,268 steps of 16 pictures of 16x16 took 15 ms of one core each."""
    small = replace(pictures(420), picture=(1, 16, 16))
    text = (
        "version: 1\nname: a\ndata: {sources: [{images: {path: a}}]}\n"
        "target: {label: classify}\ntrain: {preset: good}\n"
    )
    seconds = efforts(load_recipe(text), small)["train"].seconds
    assert 2_268 * 0.015 / 2.5 <= seconds <= 2_268 * 0.015 * 2.5


def within_a_factor_of_five(guessed_s: float, measured_s: float) -> bool:
    """Or a tenth of a second, which nobody waits for."""
    near = abs(guessed_s - measured_s) <= 0.1
    return near or measured_s / 5 <= guessed_s <= measured_s * 5


@pytest.mark.parametrize("measured", MEASURED, ids=lambda row: row["example"])
def test_guesses_are_right_within_a_factor_of_five(measured: dict[str, Any]) -> None:
    """Of the recorded runs of the examples, every stage that has a guess."""
    example, stage_s = measured["example"], measured["stage_s"]
    text = (ROOT / "examples" / f"{example}.yaml").read_text(encoding="utf-8")
    guessed = efforts(load_recipe(text), EXTENTS[example])
    assert set(guessed) >= set(stage_s) - {"report"}
    wrong = {
        stage: (guess.seconds, stage_s[stage])
        for stage, guess in guessed.items()
        if stage in stage_s and not within_a_factor_of_five(guess.seconds, stage_s[stage])
    }
    assert not wrong


@pytest.mark.parametrize(("stage", "measured_s"), [("clean", 0.57), ("prepare", 1.0)])
def test_the_time_of_many_small_files_is_guessed(stage: str, measured_s: float) -> None:
    """3,786 PNG of 64 x 64, in a quiet moment of two cores."""
    parts = {"train": 2_650, "validation": 568, "test": 568}
    icons = replace(pictures(0), rows=3_786, size_bytes=8_800_000, num_files=3_786, parts=parts)
    text = (ROOT / "examples" / "emoji.yaml").read_text(encoding="utf-8")
    guessed = efforts(load_recipe(text), replace(icons, picture=(3, 64, 64)))
    assert within_a_factor_of_five(guessed[stage].seconds, measured_s)


def test_the_machine_can_be_measured() -> None:
    one = measure_gflops(1)
    assert 0.1 < one < 10_000
