"""What the recipe lets through, the settings of training take: a check finds it before any work."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stoker.recipe.model import Train
from stoker.train.habits import Habits
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


def test_what_is_usual_is_a_setting_and_stops_and_clips_nothing_unasked() -> None:
    """A network of one's own that names no habits is trained by these."""
    usual = Habits()
    settings = Settings.model_validate(
        {
            "epochs": usual.num_epochs("good", 60_000),
            "batch_size": usual.num_batch_rows(60_000),
            "rate": usual.rate,
            "schedule": usual.schedule,
            "ema": usual.ema,
            "patience": usual.patience,
            "gradient_clip": usual.clips_tables,
        }
    )
    assert (settings.epochs, settings.batch_size) == (7, 128)
    assert settings.patience is None
    assert settings.gradient_clip is None
    assert settings.ema == 0.995


@pytest.mark.parametrize(
    ("num_rows", "size"), [(2560, 128), (2559, 64), (320, 16), (319, 16), (1, 16)]
)
def test_an_epoch_has_twenty_steps_unless_batches_would_be_tiny(num_rows: int, size: int) -> None:
    assert Habits().num_batch_rows(num_rows) == size


def test_few_rows_are_seen_sixteen_times_as_often_and_no_more() -> None:
    assert [Habits().num_epochs("fast", rows) for rows in (60_000, 15_000, 234, 1, 0)] == [
        2, 4, 32, 32, 32,
    ]  # fmt: skip
    assert Habits().num_epochs("fast", 10**9) == 1
