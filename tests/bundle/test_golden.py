"""Bundles of every format that was ever released load and answer as they did (make_golden.py)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.bundle.parity import relative_difference
from stoker.bundle.predictor import load
from stoker.evaluate.coverage import decided
from stoker.evaluate.score import evaluate
from stoker.tasks.classify import FittedClassify

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted(folder for folder in GOLDEN.iterdir() if folder.is_dir())


def raw(cell: Any) -> Any:
    return base64.b64decode(cell["base64"]) if isinstance(cell, Mapping) else cell


def test_each_kind_of_format_one_is_there() -> None:
    assert {"v1-trees", "v1-pictures", "v1-int8"} <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_golden_bundles_answer_as_they_did(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    rows = [{name: raw(cell) for name, cell in row.items()} for row in case["rows"]]
    predictor = load(folder / "bundle")
    found_NK = predictor.outputs(rows)
    expected_NK = np.array(case["outputs"])
    assert found_NK.shape == expected_NK.shape
    assert relative_difference(found_NK, expected_NK) <= case["tolerance"]
    answer = predictor.predict(rows)
    assert answer.table.column_names[0] == "prediction"
    assert len(answer) == len(rows)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_golden_bundles_are_scored_as_those_of_today(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    rows = [{name: raw(cell) for name, cell in row.items()} for row in case["rows"]]
    predictor = load(folder / "bundle")
    task, output_NK = predictor.interface.task, predictor.outputs(rows)
    target_N = np.zeros((len(rows), *task.target_form.shape), task.target_form.dtype)
    if isinstance(task, FittedClassify):
        target_N = output_NK.argmax(axis=1)
    evaluation = evaluate(output_NK, target_N, task, seed=0, resamples=100)
    said = decided(predictor.decision, output_NK, target_N, task)
    score = evaluation.model_copy(update=said).metrics
    assert score["accuracy" if isinstance(task, FittedClassify) else "rmse"].value is not None
