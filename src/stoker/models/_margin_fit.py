"""Weights of a linear model of texts, by scikit-learn: margins for classes, ridge for numbers.

Each class is told from all others by a squared hinge loss (liblinear), which needs seconds where
cross entropy over the same sparse rows took minutes by our own L-BFGS and was no better on four
sets of texts.  Margins are no chances, so they are multiplied by one number, the inverse
temperature, that makes the cross entropy of rows that were left out least.

Source: Fan et al. 2008, "LIBLINEAR", JMLR 9; Platt 1999, "Probabilistic outputs for support vector
machines".
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stoker.core.errors import MissingExtraError
from stoker.models._row_losses import loss_of

_STEPS = 1_000
_TOLERANCE = 1e-2
"""Accuracy of a fit; a finer one takes several times as long and answers no row better."""
_SCALES = np.geomspace(0.1, 100, 61)
_NEVER = -1.0
"""Margin of a class of which no row was seen."""


@dataclass(frozen=True)
class Weights:
    """Weights of one fit."""

    weight_DK: np.ndarray
    bias_K: np.ndarray

    def outputs(self, matrix_ND: Any) -> np.ndarray:
        """Outputs (N, K), float64."""
        return np.asarray(matrix_ND @ self.weight_DK + self.bias_K, np.float64)

    def scaled(self, factor: float) -> Weights:
        """The same, outputs times a factor."""
        return replace(self, weight_DK=self.weight_DK * factor, bias_K=self.bias_K * factor)


def fit_margins(
    matrix_ND: Any, target_N: np.ndarray, weight_N: np.ndarray | None, cost: float, num_outputs: int
) -> Weights:
    """Weights of least loss.

    Args:
        matrix_ND: Sparse rows.
        target_N: Codes of classes, labels (N, K), or standardised values.
        weight_N: Weight of each row, None where all count alike.
        cost: How much a row counts beside the penalty of one for weights of length 1.
        num_outputs: Classes, or 1.
    """
    if target_N.ndim == 2:
        return _fit_labels(matrix_ND, target_N, cost)
    linear = _library()
    if target_N.dtype.kind != "i":
        ridge = linear.Ridge(alpha=1 / cost, solver="sparse_cg", tol=1e-6)
        ridge.fit(matrix_ND, target_N.astype(np.float64), weight_N)
        return Weights(ridge.coef_[:, None], np.array([ridge.intercept_]))
    seen_S = np.unique(target_N)
    weight_DK = np.zeros((matrix_ND.shape[1], num_outputs))
    bias_K = np.full(num_outputs, _NEVER)
    if len(seen_S) == 1:
        bias_K[seen_S] = 1.0
        return Weights(weight_DK, bias_K)
    svc = _svc(matrix_ND, target_N, weight_N, cost)
    coefficient_DS, bias_S = svc.coef_.T, svc.intercept_
    if len(seen_S) == 2:
        coefficient_DS = np.concatenate([-coefficient_DS, coefficient_DS], axis=1) / 2
        bias_S = np.concatenate([-bias_S, bias_S]) / 2
    weight_DK[:, seen_S], bias_K[seen_S] = coefficient_DS, bias_S
    return Weights(weight_DK, bias_K)


def _fit_labels(matrix_ND: Any, target_NK: np.ndarray, cost: float) -> Weights:
    """Each label told from the rows without it; one that all rows or none have needs no weight."""
    weight_DK = np.zeros((matrix_ND.shape[1], target_NK.shape[1]))
    bias_K = np.where(target_NK.any(axis=0), -_NEVER, _NEVER)
    for label in np.flatnonzero(np.ptp(target_NK, axis=0)):
        svc = _svc(matrix_ND, target_NK[:, label], None, cost)
        weight_DK[:, label], bias_K[label] = svc.coef_[0], svc.intercept_[0]
    return Weights(weight_DK, bias_K)


def _svc(matrix_ND: Any, target_N: np.ndarray, weight_N: np.ndarray | None, cost: float) -> Any:
    """A fitted support vector machine."""
    svc = _svc_module().LinearSVC(C=cost, tol=_TOLERANCE, max_iter=_STEPS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Enough steps: the rows left out judge what they gave.
        return svc.fit(matrix_ND, target_N, sample_weight=weight_N)


def best_scale(output_MK: np.ndarray, target_M: np.ndarray) -> float:
    """What margins are multiplied by to become logits; 1 for numbers.

    >>> best_scale(np.array([[-1.0, 1.0]] * 4), np.array([1, 1, 1, 0])).__round__(1)
    0.6
    """
    if target_M.dtype.kind == "f":
        return 1.0
    doubt = 0.0
    if target_M.ndim == 2:
        # Labels that are all told apart would be sure without end: one row is added that is half
        # right in each, whose loss is about half the size of its logits.
        doubt = float(np.abs(output_MK).mean()) / 2 / (len(target_M) + 1)
    losses = [loss_of(output_MK * scale, target_M) + doubt * scale for scale in _SCALES]
    return float(_SCALES[int(np.argmin(losses))])


def _library() -> Any:
    try:
        from sklearn import linear_model
    except ImportError:
        raise MissingExtraError("scikit-learn", extra="text", needed_for="model: bag") from None
    return linear_model


def _svc_module() -> Any:
    from sklearn import svm

    return svm
