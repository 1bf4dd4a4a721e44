"""What a recipe wants of its target, asked of prepared rows alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.core.errors import RecipeError
from stoker.data.prepare._fit import FittedInputs
from stoker.data.prepare.prepared_set import Column, PreparedWriter
from stoker.features.number import FittedNumber
from stoker.plan.check_target import check_target
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

AGE = FittedNumber(mean=0, std=1, low=0, high=1, had_missing=False, raw=True)
NUMBER = FittedRegress(mean=10, std=2, low=0, high=20)


def classes(names: str) -> FittedClassify:
    return FittedClassify(classes=tuple(names), counts=(5,) * len(names), kind="text")


def prepared(folder: Path, task: FittedTask) -> Any:
    """What `prepare` leaves of one column."""
    (folder / "fitted.json").write_bytes(FittedInputs({"x": AGE}, [], "y", task, None).dump())
    with PreparedWriter(folder, "train", {"x": Column("float64")}, Column("int64")) as writer:
        writer.append({"x": np.zeros(9)}, target=np.arange(9) % 2, row=np.arange(9))
    return type("Prepared", (), {"folder": folder})


def recipe(line: str, task: str = "classify") -> Recipe:
    return load_recipe(
        "version: 1\nname: shop\ndata: {sources: [{csv: {path: a.csv}}]}\n"
        f"target: {{y: {task}}}\n{line}\n"
    )


@pytest.mark.parametrize(
    ("task", "outputs"), [(classes("ab"), 2), (classes("abc"), 3), (NUMBER, 1)]
)
def test_the_outputs_of_the_target_are_told(tmp_path: Path, task: FittedTask, outputs: int) -> None:
    kind = "regress" if task is NUMBER else "classify"
    assert check_target(recipe("", kind), prepared(tmp_path, task)) == outputs


@pytest.mark.parametrize(
    ("line", "task", "said", "where"),
    [
        ("serve: {threshold: 0.3}", classes("abc"), "shop has no threshold", "0.3"),
        ("serve: {threshold: 0.3}", NUMBER, "shop has no threshold", "0.3"),
        ("evaluate: {decision: f1}", classes("abc"), "between two classes, and there are 3", "f1"),
        ("train: {class_weights: {c: 2.0}}", classes("ab"), "'c'", "{c: 2.0}"),
        (
            "model: mlp\ntrain: {sampler: bucketed}",
            classes("ab"),
            "by the length of rows",
            "bucketed",
        ),
        ("model: mlp\ntrain: {loss: mse}", classes("ab"), "the loss mse is about", "mse"),
    ],
)
def test_what_the_target_cannot_give_is_refused_where_it_stands(
    tmp_path: Path, line: str, task: FittedTask, said: str, where: str
) -> None:
    asked = recipe(line, "regress" if task is NUMBER else "classify")
    with pytest.raises(RecipeError, match=said) as caught:
        check_target(asked, prepared(tmp_path, task))
    place = caught.value.place
    assert place is not None
    assert place.line == 5 + line.count("\n")
    assert line.splitlines()[-1][(place.character or 0) - 1 :].startswith(where)


@pytest.mark.parametrize(
    "line",
    [
        "serve: {threshold: 0.3}",
        "evaluate: {decision: f1}",
        "train: {class_weights: {b: 2.0}}",
        "train: {class_weights: balanced}",
    ],
)
def test_two_classes_give_all_of_it(tmp_path: Path, line: str) -> None:
    assert check_target(recipe(line), prepared(tmp_path, classes("ab"))) == 2
