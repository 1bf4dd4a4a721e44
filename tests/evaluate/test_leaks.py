"""A column that tells the answer is named, an honest one is not."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.evaluate.evaluation import Evaluation, Score
from stoker.evaluate.leaks import find_suspects, is_too_good, warning_words

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
    assert not named(THREE_N, 3, noise=NOISE_N, two=(THREE_N > 0).astype(np.int32))
    target_N = NOISE_N * 3 + 1
    assert named(target_N, None, copy=-2 * target_N, noise=NOISE_N[::-1]) == ["copy"]
    assert named(THREE_N * 1.0, None, group=copy_N, other=RARE_N.astype(np.int32)) == ["group"]


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
        suspects = find_suspects({"id": RARE_N.astype(np.int32)}, RARE_N, 2)
        assert "columns to look at: 'id'" in warning_words(found, suspects)


def test_few_rows_are_not_judged() -> None:
    few_N = RARE_N[:15]
    assert not named(few_N, 2, copy=few_N.astype(np.int32))
