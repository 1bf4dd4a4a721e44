"""Lines and bins for charts: ROC, precision-recall, calibration, reliability, residuals.

Curves are thinned evenly along their length, so that corners and steep parts keep their points and
a report of a million rows stays small.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.numbers import NumberAnswers
from stoker.core.seeds import derive_seed
from stoker.evaluate.evaluation import Bin, ConfusedPair, Confusion, Curves, Residuals
from stoker.evaluate.metrics.ece import NUM_BINS, bin_of

MOST_POINTS = 200
MOST_SCATTER = 500
MOST_PAIRS = 50
LARGEST_MATRIX = 100
NUM_RESIDUAL_BINS = 30


def curves(answers: ClassAnswers) -> Curves:
    """The charts' lines; ROC, PR and calibration only for two classes that both occur."""
    reliability = _bins(answers.confidence_N, answers.hit_N)
    if answers.num_classes != 2 or len(np.unique(answers.truth_N)) < 2:
        return Curves(reliability=reliability)
    tally = answers.rank_tally(Draw(np.ones(answers.num_rows, dtype=np.int64)))
    others = tally.total - tally.own_C[0]
    found_G = tally.own_above_G + tally.own_G
    false_G = tally.other_above_G + tally.other_G
    # Both ends of each group: others above it are false positives before any of its own is found.
    roc_x = np.stack([tally.other_above_G, false_G], axis=1).ravel() / others
    roc_y = np.stack([tally.own_above_G, found_G], axis=1).ravel() / tally.own_C[0]
    return Curves(
        roc=_thinned(np.r_[0.0, roc_x, 1.0], np.r_[0.0, roc_y, 1.0]),
        pr=_thinned(found_G / tally.own_C[0], found_G / (found_G + false_G)),
        calibration=_bins(answers.probability_NK[:, 1], answers.truth_N == 1),
        reliability=reliability,
    )


def confusion(answers: ClassAnswers, classes: list[str]) -> Confusion:
    """Rows by true class and answer, and the commonest mistakes."""
    size = answers.num_classes
    cell_P, rows_P = np.unique(answers.truth_N * size + answers.answer_N, return_counts=True)
    truth_P, answer_P = np.divmod(cell_P, size)
    of_class_K = np.bincount(answers.truth_N, minlength=size)
    wrong = np.flatnonzero(truth_P != answer_P)
    worst = wrong[np.argsort(-rows_P[wrong], kind="stable")][:MOST_PAIRS]
    pairs = [
        ConfusedPair(
            truth=classes[truth_P[p]],
            answer=classes[answer_P[p]],
            rows=int(rows_P[p]),
            share=float(rows_P[p] / of_class_K[truth_P[p]]),
        )
        for p in worst
    ]
    if size > LARGEST_MATRIX:
        return Confusion(rows=None, pairs=pairs)
    dense_KK = np.zeros((size, size), dtype=np.int64)
    dense_KK[truth_P, answer_P] = rows_P
    return Confusion(rows=dense_KK.tolist(), pairs=pairs)


def residuals(answers: NumberAnswers, seed: int) -> Residuals:
    """A sample of (truth, prediction), and how the errors are spread."""
    generator = np.random.default_rng(derive_seed(seed, "scatter"))
    size = min(MOST_SCATTER, answers.num_rows)
    shown = np.sort(generator.choice(answers.num_rows, size, replace=False))
    rows_B, edges = np.histogram(answers.error_N, NUM_RESIDUAL_BINS)
    at = (0.05, 0.25, 0.5, 0.75, 0.95)
    return Residuals(
        points=list(
            zip(answers.truth_N[shown].tolist(), answers.answer_N[shown].tolist(), strict=True)
        ),
        histogram=list(zip(edges[:-1].tolist(), edges[1:].tolist(), rows_B.tolist(), strict=True)),
        quantiles={str(q): float(np.quantile(answers.error_N, q)) for q in at},
    )


def _bins(chance_N: np.ndarray, true_N: np.ndarray) -> list[Bin]:
    bin_N = bin_of(chance_N)
    rows_B = np.bincount(bin_N, minlength=NUM_BINS)
    mean_B = np.bincount(bin_N, chance_N, NUM_BINS) / np.maximum(rows_B, 1)
    share_B = np.bincount(bin_N, true_N, NUM_BINS) / np.maximum(rows_B, 1)
    edges = np.linspace(0, 1, NUM_BINS + 1).tolist()
    return [
        Bin(
            low=edges[b],
            high=edges[b + 1],
            rows=int(rows_B[b]),
            mean=float(mean_B[b]) if rows_B[b] else None,
            share=float(share_B[b]) if rows_B[b] else None,
        )
        for b in range(NUM_BINS)
    ]


def _thinned(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    along = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    wanted = np.searchsorted(along, np.linspace(0, along[-1], MOST_POINTS))
    kept = np.unique(np.r_[0, np.minimum(wanted, len(x) - 1), len(x) - 1])
    return list(zip(x[kept].tolist(), y[kept].tolist(), strict=True))
