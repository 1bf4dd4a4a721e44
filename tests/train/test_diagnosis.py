"""A training that breaks says at which step, why as far as it can tell, and what to try."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.core.errors import TrainingError
from stoker.train.settings import Settings

WILD = Settings(
    epochs=3,
    batch_size=16,
    rate=0.5,
    threads=1,
    optimizer={"sgd": {"momentum": 0.9}},  # pyrefly: ignore[bad-argument-type] - recipe form
    schedule="constant",  # pyrefly: ignore[bad-argument-type] - recipe form
)


def test_a_huge_number_is_found_with_its_column_and_row(make_tiny: Any, tmp_path: Path) -> None:
    age = np.zeros(403, np.float32)
    age[222] = 3e30
    broken = make_tiny(tmp_path / "huge", names=("age", "pet"), values={"age": age})
    with pytest.raises(TrainingError) as caught:
        broken.train(WILD)
    said = str(caught.value)
    assert "column 'age' holds 3e+30 standard deviations in row 2220" in said
    assert "of epoch 1" in said
    assert "outliers" in said


def test_an_infinite_number_is_found(make_tiny: Any, tmp_path: Path) -> None:
    age = np.zeros(403, np.float32)
    age[7] = np.inf
    broken = make_tiny(tmp_path / "inf", names=("age",), values={"age": age})
    with pytest.raises(TrainingError, match=r"holds inf standard deviations in row 70"):
        broken.train(WILD)


def test_a_wild_rate_is_told_from_wild_data(tiny: Any) -> None:
    with pytest.raises(TrainingError) as caught:
        tiny.train(WILD.model_copy(update={"rate": 1e4}), model={"mlp": {"hidden": [64, 64]}})
    said = str(caught.value)
    assert "inputs of the last batches look normal" in said
    assert "train.rate 1e+03" in said
    assert "(rate 1e+04" in said


def test_a_rising_loss_is_caught_before_it_is_no_number(table: Any) -> None:
    settings = WILD.model_copy(update={"rate": 0.9, "epochs": 50, "batch_size": 4})
    with pytest.raises(TrainingError, match="the loss"):
        table.train(settings, model={"mlp": {"hidden": [32]}})
