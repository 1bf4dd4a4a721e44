"""Learn a decision from rows that the model was not fitted to.

Each part is kept only where it is known to help, because every number here is fitted to the same
rows: a temperature must raise their likelihood by more than two units, with one row added that any
answer fits as well, and an interval needs rows enough to have ends.

Cost: some passes over the rows' outputs.

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks",
https://arxiv.org/abs/1706.04599; Platt 1999, "Probabilistic Outputs for Support Vector Machines"
(targets that are short of certain); Angelopoulos & Bates 2021, "A Gentle Introduction to Conformal
Prediction", https://arxiv.org/abs/2107.07511; Elkan 2001, "The Foundations of Cost-Sensitive
Learning" (a cost's threshold).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.label_sets import EVEN, LabelSetAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.bundle.decision import Decision, Interval
from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.tasks import FittedTask

Aim = str | Mapping[str, float | Mapping[str, float]]
"""`accuracy`, `f1`, or one of `{cost: {false_positive: 1, false_negative: 5}}`, `{precision: 0.9}`
and `{recall: 0.8}`."""

LEVEL = 0.9
_LEAST_GAIN = 2.0
"""Units of log likelihood that a temperature must add over all rows."""
_FEWEST_ROWS = 20
_FEWEST_HITS = 5
_GROUP_ROWS, _MOST_GROUPS = 150, 8


def check_aim(task: FittedTask, aim: Aim) -> None:
    """Refuse an aim that chooses between two classes where there are others.

    Raises:
        RecipeError: If the target is a number, or has one class or more than two.
    """
    if aim == "accuracy":
        return
    if not issubclass(task.gives, ClassAnswers):
        raise RecipeError(
            "evaluate.decision chooses between two classes, and the answers to this target are "
            f"{task.gives.of}",
            fix="leave evaluate.decision out",
        )
    if len(task.class_names) != 2:
        raise RecipeError(
            f"evaluate.decision chooses between two classes, and there are {len(task.class_names)}",
            fix="leave evaluate.decision out; train.class_weights moves answers of many classes",
        )


def fit_decision(
    output_NK: np.ndarray,
    target_N: np.ndarray,
    task: FittedTask,
    *,
    weight_K: np.ndarray | None = None,
    aim: Aim = "accuracy",
) -> Decision:
    """The decision that suits these rows.

    Args:
        output_NK: Raw outputs of the model for rows that it was not fitted to.
        target_N: Their encoded targets.
        task: What is asked of the target.
        weight_K: Weights of classes with which the model was trained.
        aim: What the threshold of two classes is chosen for.

    Raises:
        RecipeError: If the aim needs two classes and there are others.
    """
    check_aim(task, aim)
    if issubclass(task.gives, NumberAnswers):
        return Decision(level=LEVEL, interval=_interval(output_NK[:, 0], target_N))
    if issubclass(task.gives, LabelSetAnswers):
        return _label_decision(LabelSetAnswers(output_NK, target_N))
    if not issubclass(task.gives, ClassAnswers):
        return Decision()
    shift = None
    if weight_K is not None:
        shift = tuple((-np.log(np.maximum(weight_K, 1e-9).astype(np.float64))).tolist())
    shifted = Decision(shift=shift)
    decision = shifted.model_copy(
        update={
            "temperature": _temperature(shifted.adjust(output_NK), target_N),
            "level": LEVEL,
        }
    )
    log_NK = decision.adjust(output_NK).astype(np.float64)
    probability_NK = np.exp(log_NK - log_NK.max(axis=1, keepdims=True))
    probability_NK /= probability_NK.sum(axis=1, keepdims=True)
    weights, words = _weights(probability_NK, target_N, aim, weight_K)
    share = _share(probability_NK[np.arange(len(target_N)), target_N])
    return decision.model_copy(update={"weights": weights, "aim": words, "share": share})


def _label_decision(answers: LabelSetAnswers) -> Decision:
    """The one threshold of all labels that has the best F1 over all pairs of row and label.

    One half stays where too few labels are true to tell, or where no other is better.
    """
    if answers.truth_NK.sum() < _FEWEST_ROWS:
        return Decision(level=LEVEL)
    probability_P, is_true_P = answers.probability_NK.ravel(), answers.truth_NK.ravel()
    precision_C, recall_C, cut_C = _precision_and_recall(probability_P, is_true_P)
    f1_C = 2 * precision_C * recall_C / np.maximum(precision_C + recall_C, 1e-12)
    best = int(np.argmax(f1_C))
    if f1_C[best] <= answers.at_a_glance() or not 0 < cut_C[best] < 1:
        return Decision(level=LEVEL)
    weight = float(f"{EVEN / cut_C[best]:.6g}")
    aim = f"the best F1 over all labels, from a probability of {EVEN / weight:.3g} on"
    return Decision(level=LEVEL, weights=(weight,), aim=aim)


def _temperature(output_NK: np.ndarray, target_N: np.ndarray) -> float:
    """What logits are best divided by; 1 where that is hardly better than nothing.

    The loss is convex in the inverse temperature, so a shrinking bracket finds its least place.
    Rows that are all answered right would have certainty without end, so one row is added, spread
    evenly over the answers: 150 rows without a mistake do not prove that the next thousand have
    none.  One for each class, as Platt has it for two, drowned 63 rows of 10 digits: a network that
    was right in 95 % of new rows said 74 %.
    """
    if len(target_N) < _FEWEST_ROWS:
        return 1.0
    wide_NK = output_NK.astype(np.float64)
    doubt = 1 / (len(target_N) + 1)

    def loss(log_inverse: float) -> float:
        logit_NK = wide_NK * math.exp(log_inverse)
        lift = float((logit_NK[np.arange(len(target_N)), target_N] - logit_NK.mean(axis=1)).mean())
        return float(ClassAnswers(logit_NK, target_N).loss_N.mean()) + doubt * lift

    low, high = -math.log(10), math.log(10)
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(30):
        one, other = high - golden * (high - low), low + golden * (high - low)
        if loss(one) <= loss(other):
            high = other
        else:
            low = one
    found = (low + high) / 2
    gain = (loss(0.0) - loss(found)) * len(target_N)
    return float(f"{math.exp(-found):.6g}") if gain > _LEAST_GAIN else 1.0


def _weights(
    probability_NK: np.ndarray,
    target_N: np.ndarray,
    aim: Aim,
    weight_K: np.ndarray | None,
) -> tuple[tuple[float, ...] | None, str]:
    """Weights of the answer, and what they are for in words."""
    if aim == "accuracy" and weight_K is not None:
        total = float(np.maximum(weight_K, 1e-9).sum())
        return tuple((np.maximum(weight_K, 1e-9) / total).tolist()), "the weights of the classes"
    if aim == "accuracy":
        return None, ""
    threshold, words = _threshold(probability_NK[:, 1], target_N == 1, aim)
    threshold = min(max(float(f"{threshold:.6g}"), 1e-6), 1 - 1e-6)
    return (threshold, 1 - threshold), words


def _threshold(probability_N: np.ndarray, is_positive_N: np.ndarray, aim: Aim) -> tuple[float, str]:
    """Probability of the positive class from which on it is answered."""
    if isinstance(aim, str):
        precision_C, recall_C, cut_C = _precision_and_recall(probability_N, is_positive_N)
        f1_C = 2 * precision_C * recall_C / np.maximum(precision_C + recall_C, 1e-12)
        return float(cut_C[int(np.argmax(f1_C))]), "the best F1"
    ((name, wanted),) = aim.items()
    if isinstance(wanted, Mapping):
        wrong, missed = (float(wanted[key]) for key in ("false_positive", "false_negative"))
        return wrong / (wrong + missed), (
            f"the least cost, {wrong:g} for a false positive and {missed:g} for a false negative"
        )
    precision_C, recall_C, cut_C = _precision_and_recall(probability_N, is_positive_N)
    reached_C = precision_C if name == "precision" else recall_C
    other_C = recall_C if name == "precision" else precision_C
    # A few rows at the top are right by luck; the last cut has all of them.
    told_C = recall_C * is_positive_N.sum() >= min(_FEWEST_HITS, is_positive_N.sum()) - 1e-9
    reached_C = np.where(told_C, reached_C, -1.0)
    good_C = reached_C >= wanted
    if not good_C.any():
        events.warning(
            f"evaluate.decision: no threshold reaches a {name} of {wanted:g} on the rows left out; "
            f"the best is {reached_C.max():.3g}"
        )
        good_C = reached_C >= reached_C.max()
    best = int(np.argmax(np.where(good_C, other_C, -1.0)))
    return float(cut_C[best]), f"a {name} of {wanted:g}"


def _precision_and_recall(
    probability_N: np.ndarray, is_positive_N: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision and recall at each possible cut, and the cuts, between neighbouring values."""
    order_N = np.argsort(-probability_N, kind="stable")
    sorted_N, hit_N = probability_N[order_N], np.cumsum(is_positive_N[order_N])
    last_C = np.flatnonzero(np.append(np.diff(sorted_N) < 0, True))
    hit_C = hit_N[last_C]
    below_C = np.append(sorted_N[last_C[:-1] + 1], 0.0)
    cut_C = (sorted_N[last_C] + below_C) / 2
    return hit_C / (last_C + 1), hit_C / max(1, int(is_positive_N.sum())), cut_C


def _share(true_N: np.ndarray) -> float | None:
    """Smallest probability of a class in a set, so that sets hold the truth in `LEVEL` of rows."""
    if len(true_N) < _FEWEST_ROWS:
        return None
    rank = math.floor((len(true_N) + 1) * (1 - LEVEL))
    return float(f"{np.sort(true_N)[max(0, rank - 1)]:.6g}") if rank else 0.0


def _interval(value_N: np.ndarray, target_N: np.ndarray) -> Interval | None:
    """Ends around predictions, in groups of some 150 rows or more of similar predictions."""
    if len(value_N) < _FEWEST_ROWS:
        return None
    count = max(1, min(_MOST_GROUPS, len(value_N) // _GROUP_ROWS))
    places = np.arange(1, count) / count
    edges = np.unique(np.quantile(value_N.astype(np.float64), places)) if count > 1 else np.empty(0)
    group_N = np.searchsorted(edges, value_N, side="right")
    error_N = target_N.astype(np.float64) - value_N
    ends = [_ends(error_N[group_N == group]) for group in range(len(edges) + 1)]
    return Interval(
        edges=tuple(edges.tolist()),
        low=tuple(low for low, _ in ends),
        high=tuple(high for _, high in ends),
    )


def _ends(error_N: np.ndarray) -> tuple[float, float]:
    """Errors that leave out half of the rest on each side, counted for one unseen row more."""
    sorted_N, size = np.sort(error_N), len(error_N)
    low = math.floor((size + 1) * (1 - LEVEL) / 2)
    high = math.ceil((size + 1) * (1 + LEVEL) / 2)
    ends = sorted_N[max(0, low - 1)], sorted_N[min(size, high) - 1]
    return float(f"{ends[0]:.6g}"), float(f"{ends[1]:.6g}")
