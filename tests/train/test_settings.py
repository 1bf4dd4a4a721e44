"""What the recipe lets through, the settings of training take: a check finds it before any work."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stoker.recipe.model import Train
from stoker.train.settings import Settings

STEPS = {"optimizer", "schedule", "augment", "sampler", "strategy", "loss"}
"""The loader makes them from their own classes, which both sides share."""
SHARED = sorted((Train.model_fields.keys() & Settings.model_fields.keys()) - STEPS)
VALUES: list[Any] = [
    *(-1, 0, 1, 2, 1024, 10**9, -1.0, -0.5, 0.0, 1e-9, 0.5, 0.999, 1.0, 1.5, 1e6, 1e30),
    *(float("inf"), float("nan"), "find", "balanced", "none", "x", [], {}),
    *({"yes": value} for value in (-1, 0, 0.5, 1, 1e6, float("inf"), float("nan"), "x")),
]


def takes(form: type[Any], name: str, value: Any, others: dict[str, Any] | None = None) -> bool:
    try:
        form.model_validate({**(others or {}), name: value})
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", SHARED)
def test_the_recipe_is_not_wider_than_the_settings(name: str) -> None:
    told = [v for v in VALUES if takes(Train, name, v) and (name, v) != ("rate", "find")]
    wide = Settings(batch_size=2 * 10**9).model_dump(exclude=STEPS)
    assert [v for v in told if not takes(Settings, name, v, wide)] == []


def test_there_are_fields_to_compare() -> None:
    assert {"epochs", "rate", "class_weights", "label_smoothing", "ema"} <= set(SHARED)


@pytest.mark.parametrize("weight", [-1, 0, 1e7, float("inf"), float("nan"), "2", True])
def test_a_weight_is_a_number_above_zero(weight: Any) -> None:
    assert not takes(Train, "class_weights", {"yes": weight})
    assert takes(Train, "class_weights", {"yes": 2.5, "no": 1})
