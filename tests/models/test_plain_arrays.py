"""LightGBM is handed plain numbers only: some Arrow input makes it abort the whole process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.candidates.conditions import Conditions
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models import Estimator
from stoker.models.blend import Blend
from stoker.models.boosted_trees import BoostedTrees
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

lightgbm = pytest.importorskip("lightgbm")

BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
NUMBER = FittedRegress(mean=5, std=2, low=-9, high=9)
FORMS = {"x": Column("float64"), "parts": Column("float64", (3,)), "code": Column("int32")}


def make_part(folder: Path, part: str, task: FittedTask, rows: int) -> PreparedSet:
    random = np.random.default_rng(rows)
    columns = {
        "x": random.normal(size=rows),
        "parts": random.normal(size=(rows, 3)),
        "code": random.integers(0, 6, rows).astype(np.int32),
    }
    target = (columns["x"] > 0).astype(task.target_form.dtype)
    with PreparedWriter(folder, part, FORMS, task.target_form) as writer:
        writer.append(columns, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


@pytest.mark.parametrize("model", [Blend(), BoostedTrees()], ids=["blend", "trees"])
@pytest.mark.parametrize("task", [BINARY, NUMBER], ids=["classes", "numbers"])
def test_the_trainer_hands_over_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Estimator, task: FittedTask
) -> None:
    handed: list[Any] = []
    made, asked = lightgbm.Dataset.__init__, lightgbm.Booster.predict

    def make(self: Any, data: Any, label: Any = None, **named: Any) -> None:
        handed.extend(one for one in (data, label, named.get("weight")) if one is not None)
        made(self, data, label, **named)

    def ask(self: Any, data: Any, **named: Any) -> Any:
        handed.append(data)
        return asked(self, data, **named)

    monkeypatch.setattr(lightgbm.Dataset, "__init__", make)
    monkeypatch.setattr(lightgbm.Booster, "predict", ask)
    train, validation = (make_part(tmp_path, p, task, n) for p, n in (("train", 300), ("v", 90)))
    model.fit(train, validation, task, under=Conditions(3, threads=1))
    arrays = [one for one in handed if one is not None]
    assert len(arrays) > 2
    assert {type(one) for one in arrays} <= {np.ndarray, np.memmap}
    assert {one.dtype.kind for one in arrays} <= {"f", "i"}
