"""The arithmetic of estimates follows the networks and presets that are really built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from stoker.core.steps import find_step
from stoker.features import FittedFeature
from stoker.features._fitted.image import FittedImage
from stoker.models import Network
from stoker.pipeline.effort import efforts, main_model, measure_gflops, seen_by_model
from stoker.pipeline.looks import Extent, Shape
from stoker.pipeline.network_cost import multiplications
from stoker.recipe.load import load_recipe
from stoker.tasks._fitted.classify import FittedClassify
from stoker.train.presets import Preset, choose
from stoker.train.speed import multiplications as counted

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
    said = multiplications(name, step.model_dump(), shape, 0, 10)
    assert said is not None
    # A training step multiplies twice in the first layer, three times in the others.
    assert 1.9 * said <= counted(network, row) <= 3.1 * said


@pytest.mark.parametrize("preset", ["fast", "good", "best"])
@pytest.mark.parametrize("rows", [300, 5_000, 200_000])
@pytest.mark.parametrize("model", ["", "{mlp: {}}", "logistic", "resnet"])
def test_presets_are_followed(preset: Preset, rows: int, model: str) -> None:
    recipe = load_recipe(
        "version: 1\nname: a\ndata: {sources: [{images: {path: a}}]}\n"
        f"inputs: {{image: image}}\ntarget: {{label: classify}}\ntrain: {{preset: {preset}}}\n"
        + (f"model: {model}\n" if model else "")
    )
    extent = pictures(rows)
    said = main_model(recipe, extent, seen_by_model(recipe, extent))
    own: Any = recipe.model
    chosen = choose(preset, own, {"image": image((3, 32, 32))}, CLASSES, rows, {})
    assert said.name == type(chosen.model).__name__.lower()
    assert said.epochs == chosen.settings.epochs
    assert said.batch_size == chosen.settings.batch_size
    if not model:
        assert said.fields.items() <= chosen.model.model_dump().items()


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
        "from stoker.models.mlp import Mlp\n\n\nclass Theirs(Mlp):\n    pass\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    recipe = load_recipe(
        "version: 1\nname: a\ndata: {sources: [{images: {path: a}}]}\n"
        "target: {label: classify}\nmodel: their_model:Theirs\n"
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


def test_the_machine_can_be_measured() -> None:
    one = measure_gflops(1)
    assert 0.1 < one < 10_000
