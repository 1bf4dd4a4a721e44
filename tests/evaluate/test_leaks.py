"""A column that tells the answer is named, an honest one is not."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.evaluate.evaluation import Evaluation, Score
from stoker.evaluate.leaks import (
    Asked,
    find_suspects,
    is_too_good,
    rows_to_ask,
    together_words,
    warning_words,
)

SIZE = 600
DRAW = np.random.default_rng(1)
RARE_N = (DRAW.random(SIZE) < 0.05).astype(np.int64)
THREE_N = DRAW.integers(0, 3, SIZE)
NOISE_N = DRAW.normal(size=SIZE).astype(np.float32)


def named(target_N: np.ndarray, num_classes: int | None, **columns: np.ndarray) -> list[str]:
    return [one.column for one in find_suspects(columns, target_N, num_classes)]


def test_what_tells_two_classes_is_named() -> None:
    with_gaps_N = np.where(RARE_N == 1, NOISE_N, np.nan).astype(np.float32)
    assert named(
        RARE_N,
        2,
        copy=RARE_N.astype(np.float32),
        opposite=(1 - 2 * RARE_N).astype(np.float32) + NOISE_N * 0.01,
        filled_later=with_gaps_N,
        code=(RARE_N + 1).astype(np.int32),
    ) == ["copy", "opposite", "filled_later", "code"]


def test_a_leak_by_being_filled_is_told_as_that() -> None:
    moment_NP = np.stack([DRAW.integers(1, 366, SIZE), DRAW.integers(0, 7, SIZE)], 1).astype(float)
    moment_NP[RARE_N == 0] = np.nan
    columns = {
        "moment": moment_NP,
        "number": np.where(RARE_N == 1, NOISE_N, np.nan).astype(np.float32),
        "code": np.where(RARE_N == 1, DRAW.integers(1, 9, SIZE), 0).astype(np.int32),
        "value": np.where(DRAW.random(SIZE) < 0.01, np.nan, RARE_N).astype(np.float32),
    }
    found = find_suspects(columns, RARE_N, 2, {"moment": ("day of year", "weekday")})
    parts = {one.column: one.part for one in found}
    assert parts == {
        **dict.fromkeys(("moment", "number", "code"), "that it is filled"),
        "value": "",
    }
    assert "'moment' (ROC AUC 1, that it is filled)" in map(str, found)


def test_what_only_helps_is_not_named() -> None:
    flipped_N = np.where(DRAW.random(SIZE) < 0.1, 1 - RARE_N, RARE_N)
    assert not named(
        RARE_N,
        2,
        noise=NOISE_N,
        good=(RARE_N + NOISE_N * 0.6).astype(np.float32),
        flipped=flipped_N.astype(np.int32),
        constant=np.ones(SIZE, np.int32),  # right in 95 % of the rows, and tells nothing
        row=np.arange(SIZE, dtype=np.float32),
        name=np.arange(SIZE, dtype=np.int32),
        empty=np.full(SIZE, np.nan, np.float32),
        picture=np.zeros((SIZE, 1, 2, 2), np.uint8),
    )


def test_three_classes_and_numbers() -> None:
    copy_N = THREE_N.astype(np.int32)
    assert named(THREE_N, 3, code=copy_N, number=(7 - copy_N * 2).astype(np.float32)) == [
        "code",
        "number",
    ]
    assert not named(THREE_N, 3, noise=NOISE_N, two=(THREE_N > 0).astype(np.int32) + 1)
    target_N = NOISE_N * 3 + 1
    assert named(target_N, None, copy=-2 * target_N, noise=NOISE_N[::-1]) == ["copy"]
    assert named(THREE_N * 1.0, None, group=copy_N, other=RARE_N.astype(np.int32)) == ["group"]


def test_a_function_of_the_target_is_named_whatever_its_form() -> None:
    wage_N = np.exp(NOISE_N * 0.7 + 6)
    columns = {
        "log": np.log(wage_N),
        "inverse": 1 / wage_N.astype(np.float64) * 1e12,
        "far": np.where(np.arange(SIZE) == 7, 1e15, wage_N.astype(np.float64)),
        "folded": np.abs(NOISE_N),
        "with_gaps": np.where(DRAW.random(SIZE) < 0.1, np.nan, np.log(wage_N)),
    }
    found = {one.column: one for one in find_suspects(columns, wage_N, None)}
    assert set(found) == {"log", "inverse", "far", "with_gaps"}
    assert found["log"].alone > 0.998
    assert str(found["log"]).startswith("'log' (explained spread ")
    folded_N = np.square(NOISE_N)  # no line and no order leads from one to the other
    assert named(folded_N, None, root=NOISE_N, other=NOISE_N[::-1]) == ["root"]
    wave_N = (np.sin(wage_N / 30) > 0).astype(np.int64)
    assert named(wave_N, 2, wage=wage_N, noise=NOISE_N[::-1].copy()) == ["wage"]
    band_N = (np.abs(NOISE_N) < 0.7).astype(np.int64)
    assert named(band_N, 2, number=NOISE_N) == ["number"]


def test_numbers_of_any_size_and_columns_of_parts() -> None:
    row_N = 100_000 + DRAW.permutation(SIZE)  # numbers of orders, given as the answers came in
    late_N = (row_N > 100_000 + 0.9 * SIZE).astype(np.int64)
    parts_ND = np.stack([NOISE_N, late_N + 0.1 * NOISE_N, NOISE_N[::-1]], axis=1)
    found = find_suspects(
        {
            "order": row_N * 1e9,
            "moment": parts_ND.astype(np.float64),
            "copied": np.stack([NOISE_N, NOISE_N], axis=1),
        },
        late_N,
        2,
        {"moment": ("year", "month", "day")},
    )
    assert [(one.column, one.part) for one in found] == [("order", ""), ("moment", "month")]
    assert ", month)" in str(found[1])


def test_many_columns_of_noise_are_not_named() -> None:
    draw = np.random.default_rng(3)
    for rows, classes in ((24, 2), (40, 2), (200, 2), (24, None), (60, 3)):
        columns = {str(n): draw.normal(size=rows) for n in range(400)}
        target_N = draw.integers(0, classes, rows) if classes else draw.normal(size=rows)
        assert find_suspects(columns, target_N, classes) == [], (rows, classes)


def test_one_among_thousands_is_found() -> None:
    draw = np.random.default_rng(4)
    columns: dict[str, np.ndarray] = {str(n): draw.normal(size=200) for n in range(3_000)}
    columns |= {"band": draw.normal(size=200), "code": draw.integers(0, 3, 200)}
    band_N = (np.abs(columns["band"]) < 0.7).astype(np.int64)
    assert named(band_N, 2, **columns) == ["band"]
    assert named(columns["code"], 3, **columns) == ["code"]
    assert named(np.abs(columns["band"]), None, **columns) == ["band"]


def test_only_as_many_rows_are_asked_as_are_needed() -> None:
    assert len(rows_to_ask(300, 6_000)) == 300
    assert len(rows_to_ask(1_000_000, 40)) == 20_000
    assert len(rows_to_ask(1_000_000, 10_000)) == 2_000
    assert sorted(rows_to_ask(50, 1)) == list(range(50))


def test_rows_that_are_asked_lie_all_over_the_table() -> None:
    row_N = rows_to_ask(1_000_000, 40)
    assert len(np.unique(row_N)) == len(row_N)
    tenth_N = np.bincount(row_N // 100_000, minlength=10)
    assert tenth_N.min() > 1_800
    assert tenth_N.max() < 2_200
    np.testing.assert_array_equal(row_N, rows_to_ask(1_000_000, 40))


@pytest.mark.parametrize(
    ("value", "high", "rows", "expected"),
    [
        (0.98, 1.0, 30, True),
        (0.9991, 0.9995, 500, True),
        (0.9991, 0.9995, 150, False),
        (0.95, 0.98, 5000, False),
        (None, None, 5000, False),
    ],
)
def test_only_scores_next_to_one_are_doubted(
    value: float | None, high: float | None, rows: int, expected: bool
) -> None:
    score = Score(title="ROC AUC", about="", higher_is_better=True, value=value, high=high)
    found = Evaluation(
        task="classify",
        num_rows=rows,
        seed=0,
        resamples=100,
        metrics={"roc_auc": score},
        headline="roc_auc",
    )
    assert is_too_good(found) is expected
    if expected:
        suspects = find_suspects({"id": RARE_N.astype(np.int32) + 1}, RARE_N, 2)
        assert "columns to look at: 'id'" in warning_words(found, suspects, Asked())


def test_a_likely_score_is_not_doubted_but_the_column_is_named() -> None:
    score = Score(title="ROC AUC", about="", higher_is_better=True, value=0.97, high=0.98)
    found = Evaluation(
        task="classify",
        num_rows=5000,
        seed=0,
        resamples=100,
        metrics={"roc_auc": score},
        headline="roc_auc",
    )
    suspects = find_suspects({"id": RARE_N.astype(np.int32) + 1}, RARE_N, 2)
    words = warning_words(found, suspects, Asked(rows=900, whole=900))
    assert words.startswith("an input may tell the answer; columns to look at: 'id' (ROC AUC 1), ")
    assert "drawn at random" not in words
    words = warning_words(found, suspects, Asked(rows=20_000, whole=98_000))
    assert "alone predicts it (asked on 20,000 of 98,000 rows of training and validation" in words


def test_few_rows_are_not_judged() -> None:
    few_N = RARE_N[:15]
    assert not named(few_N, 2, copy=few_N.astype(np.int32))


@pytest.mark.parametrize(
    ("name", "value", "rows", "expected"),
    [
        ("r2", 0.999, 201, True),
        ("r2", 0.9989, 201, False),
        ("r2", 1.0, 200, False),
        ("rmse", 1.0, 5000, False),
        ("roc_auc", 1.0, 201, True),
        ("roc_auc", None, 201, False),
    ],
)
def test_a_perfect_score_of_several_columns_is_doubted(
    name: str, value: float | None, rows: int, expected: bool
) -> None:
    score = Score(title=name, about="", higher_is_better=name != "rmse", value=value)
    found = Evaluation(
        task="regress", num_rows=rows, seed=0, resamples=100, metrics={name: score}, headline=name
    )
    words = together_words(found, ["age", "school"])
    assert (words is not None and "look at 'age', 'school'" in words) is expected
    assert together_words(found, []) is None, "pictures have no columns to look at"


def test_being_filled_tells_one_class_of_several() -> None:
    """A date of refund stands in rows of one class only, and in most of those."""
    draw = np.random.default_rng(0)
    target_N = draw.integers(0, 3, 900)
    refund_N = np.where((target_N == 2) & (draw.random(900) < 0.95), draw.random(900), np.nan)
    patchy_N = np.where(draw.random(900) < 0.7, draw.normal(size=900) + target_N, np.nan)
    (found,) = find_suspects({"refund": refund_N, "patchy": patchy_N}, target_N, 3)
    assert (found.column, found.measure, found.part) == ("refund", "ROC AUC", "that it is filled")
    assert found.alone == pytest.approx(0.975, abs=0.02)
