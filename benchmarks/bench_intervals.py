"""How often does a 95 % interval hold the score of rows that nobody has seen?

Question:  do intervals tell the truth, for every metric that shows one, on small and uneven sets?
Method:    five kinds of table, drawn anew for each split: scikit-learn fits a plain model on 1,000
           rows, 600 others are the test part, and 10,000 more are scored once.  Counted is how
           often the interval of the test part holds that score.  The class of `rare` has 4 % of
           the rows; errors of `heavy` are log-normal; `many` has eight uneven classes.
Run:       make bench BENCH=intervals [ARGS=100]   (20 splits take about 3 min; more for finer
           figures; writes benchmarks/results/intervals.json)
Read:      `held` in per cent; 95 is right.  Of 100 intervals that hold 95 %, two thirds of counts
           lie within 93 and 97.  Intervals that are not shown (a class was never answered) are not
           counted.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable

import numpy as np
from _measure import save
from sklearn.linear_model import LogisticRegression, Ridge

from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.score import evaluate
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

SPLITS = 20
RESAMPLES = 500
TRAINED, TESTED, UNSEEN = 1_000, 600, 10_000

Rows = tuple[np.ndarray, np.ndarray]
Draw = np.random.Generator


def main() -> None:
    """Every table, split by split."""
    splits = int(sys.argv[1]) if len(sys.argv) > 1 else SPLITS
    held: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for table, draw_rows in TABLES.items():
        for split in range(splits):
            for metric, holds in one_split(draw_rows, split):
                held[table, metric].append(holds)
                held["all tables", metric].append(holds)
        print(table, "done", file=sys.stderr)
    rows = [
        {"table": table, "metric": metric, "intervals": len(found), "held": share(found)}
        for (table, metric), found in held.items()
    ]
    every = [
        holds for (table, _), found in held.items() if table != "all tables" for holds in found
    ]
    rows.append(
        {"table": "all tables", "metric": "all", "intervals": len(every), "held": share(every)}
    )
    save("intervals", rows, libraries=["numpy", "scikit-learn"])


def share(found: list[bool]) -> float:
    """Per cent that hold."""
    return round(100 * sum(found) / len(found), 1)


def one_split(draw_rows: Callable[[Draw, int], Rows], split: int) -> list[tuple[str, bool]]:
    """Metric by metric, whether the interval of the test part holds the unseen score."""
    draw = np.random.default_rng(split)
    x_NC, y_N = draw_rows(draw, TRAINED + TESTED + UNSEEN)
    task, output_NK, target_N = fitted(x_NC, y_N)
    tested = slice(TRAINED, TRAINED + TESTED)
    shown = evaluate(output_NK[tested], target_N[tested], task, seed=split, resamples=RESAMPLES)
    unseen = slice(TRAINED + TESTED, None)
    true = evaluate(output_NK[unseen], target_N[unseen], task, seed=split, resamples=0)
    return list(compared(shown, true))


def compared(shown: Evaluation, true: Evaluation) -> list[tuple[str, bool]]:
    """Each metric that shows an interval."""
    return [
        (name, score.low <= value <= score.high)
        for name, score in shown.metrics.items()
        if (value := true.metrics[name].value) is not None
        if score.low is not None and score.high is not None
    ]


def fitted(x_NC: np.ndarray, y_N: np.ndarray) -> tuple[FittedTask, np.ndarray, np.ndarray]:
    """Raw outputs of a model that saw the first rows only, and the task that reads them."""
    x_known_NC, y_known_N = x_NC[:TRAINED], y_N[:TRAINED]
    if np.issubdtype(y_N.dtype, np.floating):
        mean, std = float(y_known_N.mean()), float(y_known_N.std())
        task = FittedRegress(mean=mean, std=std, low=float(y_N.min()), high=float(y_N.max()))
        answer_N = Ridge().fit(x_known_NC, y_known_N).predict(x_NC)
        return task, ((answer_N - mean) / std)[:, None], (y_N - mean) / std
    model = LogisticRegression(max_iter=500).fit(x_known_NC, y_known_N)
    counts = np.bincount(y_known_N)
    task = FittedClassify(
        classes=tuple(f"class {k}" for k in range(len(counts))),
        counts=tuple(counts.tolist()),
        kind="text",
    )
    return task, model.predict_log_proba(x_NC), y_N


def even(draw: Draw, size: int) -> Rows:
    """Two classes of equal size."""
    return binary(draw, size, base=0.0, slope=1.5)


def rare(draw: Draw, size: int) -> Rows:
    """A class of 4 % of the rows."""
    return binary(draw, size, base=-4.0, slope=1.5)


def binary(draw: Draw, size: int, *, base: float, slope: float) -> Rows:
    """Two classes whose odds follow a bent line, so that a plain model is off a little."""
    x_NC = draw.normal(size=(size, 4))
    odds_N = base + slope * x_NC[:, 0] + 0.5 * slope * np.abs(x_NC[:, 1]) + 0.3 * x_NC[:, 2]
    return x_NC, (draw.random(size) < 1 / (1 + np.exp(-odds_N))).astype(np.int64)


def many(draw: Draw, size: int) -> Rows:
    """Eight classes, the commonest 20 times as frequent as the rarest."""
    share_K = np.geomspace(20, 1, 8)
    y_N = draw.choice(8, size, p=share_K / share_K.sum())
    middle_KC = np.random.default_rng(7).normal(size=(8, 4)) * 1.3
    return middle_KC[y_N] + draw.normal(size=(size, 4)), y_N


def usual(draw: Draw, size: int) -> Rows:
    """Numbers with errors that grow."""
    x_NC = draw.normal(size=(size, 4))
    y_N = 20 + 5 * x_NC[:, 0] + 2 * x_NC[:, 1] ** 2
    return x_NC, y_N + draw.normal(size=size) * (1 + np.abs(x_NC[:, 2]))


def heavy(draw: Draw, size: int) -> Rows:
    """Prices: a few of them make most of the error."""
    x_NC = draw.normal(size=(size, 4))
    return x_NC, np.exp(3 + 0.5 * x_NC[:, 0] + 0.4 * draw.normal(size=size))


TABLES = {"even": even, "rare": rare, "many": many, "usual": usual, "heavy": heavy}


if __name__ == "__main__":
    main()
