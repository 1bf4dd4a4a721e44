"""The learning curve: it falls while rows help, is flat when they do not, and costs little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.candidates.learning_curve import CurvePoint, LearningCurve
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models import _learning_curve_fit
from stoker.models.blend import Blend
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

NUMBER = FittedRegress(mean=5, std=2, low=-9, high=9)
BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
ONE = Conditions(3, threads=1)


def make_part(folder: Path, part: str, task: FittedTask, rows: int, *, waves: float) -> PreparedSet:
    """A wave that takes many rows to see; none of it with `waves` 0, which one slope tells."""
    random = np.random.default_rng(len(part))
    x = random.uniform(-1, 1, rows)
    value = (np.sin(waves * x) if waves else x) + random.normal(0, 0.1, rows)
    target = value.astype(np.float32) if task is NUMBER else (value > 0).astype(np.int64)
    folder.mkdir(exist_ok=True)
    forms = {"x": Column("float64")}
    with PreparedWriter(folder, part, forms, task.target_form) as writer:
        writer.append({"x": x}, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


def fit(
    folder: Path, task: FittedTask, *, waves: float, rows: int = 800, under: Conditions = ONE
) -> Fitted:
    train = make_part(folder, "train", task, rows, waves=waves)
    validation = make_part(folder, "v", task, 200, waves=waves)
    return Blend().fit(train, validation, task, under=under)


def test_it_falls_while_rows_help(tmp_path: Path) -> None:
    curve = fit(tmp_path, NUMBER, waves=60).learning_curve
    assert curve is not None
    assert [one.rows for one in curve.points] == [100, 200, 400, 800]
    scores = [one.score for one in curve.points]
    assert scores == sorted(scores, reverse=True)
    assert all(one.low < one.score < one.high for one in curve.points)
    assert curve.is_clear
    assert curve.words.endswith("more rows would probably help")


def test_it_is_flat_where_one_slope_tells_all(tmp_path: Path) -> None:
    estimate = fit(tmp_path, NUMBER, waves=0)
    curve = estimate.learning_curve
    assert curve is not None
    assert curve.metric == "rmse"
    assert curve.points[-1].score == pytest.approx(0.1 * NUMBER.std, rel=0.15)
    assert abs(curve.gain) < 0.02
    assert curve.words.endswith("more rows of this kind would hardly help")
    assert estimate.leaderboard is not None
    assert curve.candidate in {one.name for one in estimate.leaderboard.members}


def test_equal_seeds_give_equal_curves_on_any_number_of_threads(tmp_path: Path) -> None:
    first = fit(tmp_path / "a", BINARY, waves=20).learning_curve
    assert first is not None
    assert first.metric == "log_loss"
    assert (
        first == fit(tmp_path / "b", BINARY, waves=20, under=replace(ONE, threads=2)).learning_curve
    )


def test_nothing_is_drawn_where_it_would_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_learning_curve_fit, "_MANY", 1_000)
    assert fit(tmp_path / "a", NUMBER, waves=20).learning_curve is None
    monkeypatch.setattr(_learning_curve_fit, "_MANY", 50_000)
    late = replace(ONE, deadline_s=0.01)
    assert fit(tmp_path / "b", NUMBER, waves=20, under=late).learning_curve is None


def test_too_few_rows_have_no_curve(tmp_path: Path) -> None:
    assert fit(tmp_path, NUMBER, waves=20, rows=20).learning_curve is not None
    train = make_part(tmp_path, "a", NUMBER, 30, waves=20)
    validation = make_part(tmp_path, "bb", NUMBER, 8, waves=20)
    assert Blend().fit(train, validation, NUMBER, under=ONE).learning_curve is None


def test_few_rows_left_out_cannot_tell() -> None:
    points = tuple(CurvePoint(rows=n, score=1, low=0.5, high=1.5) for n in (50, 100))
    curve = LearningCurve(
        candidate="linear", metric="log_loss", held_rows=20, points=points, gain=0.1, is_clear=False
    )
    assert curve.words == (
        "with 100 rows instead of 50 its log loss fell by 10.0%, "
        "but 20 rows left out cannot tell that from chance"
    )
