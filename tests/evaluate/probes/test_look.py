"""Probes find what is there, say nothing of what is not, and ask for few answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from stoker.evaluate.probes import Probed
from stoker.evaluate.probes.effects import effects
from stoker.evaluate.probes.importance import importance
from stoker.evaluate.probes.look import Findings, look_closer
from stoker.evaluate.probes.slices import worst_slices
from stoker.evaluate.probes.thresholds import lift, thresholds
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

TWO = FittedClassify(classes=("stays", "leaves"), counts=(70, 30), kind="text")
NUMBER = FittedRegress(mean=10.0, std=2.0, low=0.0, high=20.0)
SIZE = 900


class Model:
    """Odds of 2 * strong + 0.5 * (kind is 1), which counts the rows that it answers."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        odds_N = 2 * np.nan_to_num(columns["strong"]) + 0.5 * (columns["kind"] == 1)
        self.asked += len(odds_N)
        return np.stack([0 * odds_N, odds_N], axis=1)


def columns(size: int = SIZE) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    strong_N = draw.normal(size=size)
    strong_N[::50] = np.nan
    return {
        "noise": draw.normal(size=size),
        "kind": draw.integers(0, 4, size).astype(np.int32),
        "strong": strong_N,
        "moment": draw.normal(size=(size, 3)),
    }


def subject(model: Model, **changes: object) -> Probed:
    found = columns()
    odds_N = model(found)[:, 1]
    target_N = (np.random.default_rng(1).random(SIZE) < 1 / (1 + np.exp(-odds_N))).astype(np.int64)
    names = {"kind": ("甲", "乙", "丙")}
    model.asked = 0
    fields = {"outputs_of": model, "columns": found, "target_N": target_N, "task": TWO, "seed": 0}
    return Probed(**{**fields, "categories": names, **changes})  # pyrefly: ignore[bad-argument-type]


def test_what_the_model_uses_is_important_and_nothing_else() -> None:
    found = {one.column: one for one in importance(subject(Model()))}
    assert next(iter(found)) == "strong"
    assert found["strong"].is_clear
    assert found["strong"].low < found["strong"].worse < found["strong"].high
    for name in ("noise", "moment"):
        assert found[name].worse == pytest.approx(0, abs=1e-12)
        assert found[name].high == pytest.approx(0, abs=1e-12)


def test_importance_of_numbers_is_in_the_unit_of_the_target() -> None:
    value_N = np.random.default_rng(0).normal(size=400)
    regression = Probed(
        lambda given: given["x"][:, None], {"x": value_N, "z": value_N[::-1]}, value_N, NUMBER, 0
    )
    found = {one.column: one for one in importance(regression)}
    # Two independent draws differ by sqrt(2) standard deviations of 2.
    assert found["x"].worse == pytest.approx(2 * np.sqrt(2) * value_N.std(), rel=0.1)
    assert found["z"].worse == pytest.approx(0, abs=1e-12)


def test_effects_follow_the_model() -> None:
    kind, strong = effects(subject(Model()), ["kind", "moment", "strong"])
    assert (kind.of, strong.of) == ("leaves", "leaves")
    chances = dict(kind.values)
    assert set(chances) == {"甲", "乙", "丙", "missing or unseen"}
    assert chances["甲"] > chances["乙"] == chances["丙"] == chances["missing or unseen"]
    rising = [mean for _, mean in strong.points]
    assert rising == sorted(rising)
    assert sum(strong.rows) == SIZE - SIZE // 50
    assert sum(kind.rows) == SIZE


def test_a_moment_is_shown_by_the_parts_of_the_calendar_that_matter() -> None:
    draw = np.random.default_rng(0)
    weekday_N, hour_N = draw.integers(0, 7, 600).astype(float), draw.uniform(0, 24, 600)
    moment_NP = np.stack([draw.uniform(0, 90, 600), weekday_N, hour_N], axis=1)
    moment_NP[::40] = np.nan
    columns = {"when": moment_NP, "note": draw.normal(size=(600, 5)), "x": draw.normal(size=600)}
    shop = Probed(
        lambda given: np.nan_to_num(given["when"][:, 1:2] > 4) + 0.0 + 0.1 * given["note"][:, :1],
        columns,
        np.zeros(600, np.float32),
        NUMBER,
        0,
        calendar={"when": ("days", "weekday", "hour")},
    )
    first, second = effects(shop, ["when", "note"])
    assert (first.column, first.part) == ("when", "weekday")
    assert [value for value, _ in first.points] == [0, 1, 2, 3, 4, 5, 6]
    low, high = first.points[0][1], first.points[6][1]
    assert [mean for _, mean in first.points] == pytest.approx([low] * 5 + [high] * 2)
    assert high - low == pytest.approx(NUMBER.std)
    assert second.part in {"days", "hour"}
    assert sum(first.rows) == 600 - 15
    findings = look_closer(shop)
    assert findings.not_drawn == ("note",)
    assert findings.why_not_drawn["note"].startswith("a text is many numbers")


def test_one_class_is_drawn_of_all_columns_and_it_is_the_one_that_moves_most() -> None:
    draw = np.random.default_rng(0)
    columns = {
        "small": draw.normal(size=300),
        "large": draw.normal(size=300),
        "is_new": (draw.random(300) < 0.5).astype(np.float32),
        "gap": np.where(draw.random(300) < 0.5, 1.0, np.nan),
    }

    def outputs(given: Mapping[str, np.ndarray]) -> np.ndarray:
        is_filled_N = np.isfinite(given["gap"])
        third_N = 3 * given["large"] + given["is_new"] + is_filled_N
        return np.stack([given["small"], 0 * third_N, third_N], axis=1)

    three = FittedClassify(classes=("a", "b", "c"), counts=(100, 100, 100), kind="text")
    asked = Probed(
        outputs,
        columns,
        draw.integers(0, 3, 300),
        three,
        0,
        categories={"is_new": ("false", "true")},
    )
    found = effects(asked, list(columns))
    assert [(one.column, one.of) for one in found] == [
        ("small", "c"), ("large", "c"), ("is_new", "c")
    ]  # fmt: skip
    assert [name for name, _ in found[2].values] == ["false", "true"]
    assert look_closer(asked).why_not_drawn == {
        "gap": "all cells that were looked at hold one value or none, so only a gap tells"
    }


def test_slices_of_numbers_are_in_the_unit_of_the_target() -> None:
    draw = np.random.default_rng(0)
    is_bad_N = (draw.random(400) < 0.3).astype(np.float32)
    truth_N = draw.normal(size=400).astype(np.float32)
    error_N = np.where(is_bad_N == 1, 100, 1) * draw.choice([-1, 1], 400)
    prices = Probed(
        lambda _: ((truth_N * NUMBER.std + error_N) / NUMBER.std)[:, None],
        {"is_bad": is_bad_N, "z": draw.normal(size=400)},
        truth_N,
        NUMBER,
        0,
        categories={"is_bad": ("false", "true")},
    )
    first, *_ = worst_slices(prices)
    assert (first.column, first.value) == ("is_bad", "true")
    assert first.loss == pytest.approx(first.score) == pytest.approx(100, rel=0.01)
    assert first.low <= first.score - first.elsewhere <= first.high < 110


def test_the_slice_whose_labels_are_drawn_by_lot_is_named_alone() -> None:
    made = subject(Model())
    is_bad_N = made.arrays["kind"] == 2
    target_N = np.where(is_bad_N, np.random.default_rng(3).integers(0, 2, SIZE), made.target_N)
    strange = subject(Model(), target_N=target_N)
    first, *rest = worst_slices(strange)
    assert (first.column, first.value, first.rows) == ("kind", "乙", int(is_bad_N.sum()))
    assert first.is_worse
    assert first.score < first.elsewhere
    assert not any(one.is_worse for one in rest if one.column == "noise")


def test_of_many_slices_of_noise_none_is_called_worse() -> None:
    draw, called = np.random.default_rng(0), 0
    for trial in range(20):
        value = {f"n{place}": draw.normal(size=400) for place in range(10)}
        odds_N = draw.normal(size=400)
        target_N = (draw.random(400) < 1 / (1 + np.exp(-odds_N))).astype(np.int64)
        output_NK = np.stack([0 * odds_N, odds_N], axis=1)
        noise = Probed(lambda _, output=output_NK: output, value, target_N, TWO, trial)
        called += any(one.is_worse for one in worst_slices(noise))
    assert called <= 4


def test_thresholds_and_lift_are_those_of_the_rows() -> None:
    made = subject(Model(), threshold=0.3)
    table = thresholds(made)
    (chosen,) = [one for one in table if one.is_chosen]
    chance_N = 1 / (1 + np.exp(-made.output_NK[:, 1]))
    assert chosen.at == 0.3
    assert chosen.answered == pytest.approx((chance_N >= 0.3).mean())
    assert chosen.recall == pytest.approx((chance_N >= 0.3)[made.target_N == 1].mean())
    assert [one.at for one in table] == sorted(one.at for one in table)
    tenths = lift(made)
    assert sum(one.rows for one in tenths) == SIZE
    assert tenths[-1].found == 1
    assert tenths[0].lift > 1.9 > 1 > tenths[-1].lift


def test_a_look_is_bounded_repeatable_and_survives_json() -> None:
    model = Model()
    findings = look_closer(subject(model))
    assert model.asked < 90_000
    assert look_closer(subject(Model())) == findings
    assert Findings.model_validate_json(findings.model_dump_json()) == findings


def test_wide_and_tiny_tables_are_looked_at_too() -> None:
    draw = np.random.default_rng(0)
    wide = {f"c{place:03}": draw.normal(size=200) for place in range(150)}
    model_output = np.stack([0 * wide["c149"], 3 * wide["c149"]], axis=1)
    target_N = (wide["c149"] > 0).astype(np.int64)

    def outputs(given: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.stack([0 * given["c149"], 3 * given["c149"]], axis=1)

    found = importance(Probed(outputs, wide, target_N, TWO, 0))
    assert found[0].column == "c149"
    assert len(found) == 60
    assert model_output.shape == (200, 2)
    few = Probed(outputs, {"c149": wide["c149"][:5]}, target_N[:5], TWO, 0)
    assert look_closer(few).importance == ()
