"""Scores that rest on few rows of a class: intervals hold, and nothing is called better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.evaluate.bootstrap import Candidate, draws
from stoker.evaluate.compare import compare_all
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.gates import check_gates
from stoker.evaluate.metrics.roc_auc import RocAuc
from stoker.evaluate.score import all_metrics, evaluate_all
from stoker.tasks.classify import FittedClassify

TASK = FittedClassify(classes=("fine", "fraud"), counts=(1196, 4), kind="text")
RANKED = ("roc_auc", "pr_auc")
FAIR = ("roc_auc", "pr_auc", "balanced_accuracy")
"""Metrics that noise is as good at as the constant answer."""


def _area_of(score_N: np.ndarray, rare: int, seed: int) -> tuple[float, float]:
    """The interval of the area; the first `rare` rows are of the second class."""
    target_N = (np.arange(len(score_N)) < rare).astype(np.int64)
    output_NK = np.stack([0 * score_N, score_N], axis=1)
    candidate = Candidate(ClassAnswers(output_NK, target_N), {"roc_auc": RocAuc()}, 100)
    for draw in draws(len(score_N), 100, seed):
        candidate.take(0, draw)
    whole = Draw(np.ones(len(score_N), dtype=np.int64))
    found = candidate.intervals(candidate.values(whole), whole)["roc_auc"]
    assert found is not None
    return found


def _scored(score_N: np.ndarray, rare: int) -> Evaluation:
    """The same beside the constant answer."""
    target_N = (np.arange(len(score_N)) < rare).astype(np.int64)
    output_NK = np.stack([0 * score_N, score_N], axis=1)
    outputs = {"model": output_NK}
    return evaluate_all(outputs, target_N, TASK, seed=0, resamples=200, constant=True)["model"]


@pytest.mark.parametrize("rare", [1, 2, 3, 5, 10])
def test_the_interval_of_noise_holds_a_half(rare: int) -> None:
    held = 0
    for seed in range(300):
        score_N = np.random.default_rng([seed, rare]).normal(size=300)
        low, high = _area_of(score_N, rare, seed)
        held += low <= 0.5 <= high
    assert held >= 0.93 * 300


@pytest.mark.parametrize("rare", [1, 2, 3, 5])
def test_the_interval_of_a_good_model_is_wide_and_holds(rare: int) -> None:
    """Of rows whose area is 0.921 (two normal distributions, two deviations apart)."""
    held = 0
    for seed in range(100):
        score_N = np.random.default_rng([seed, rare]).normal(size=300)
        score_N[:rare] += 2
        low, high = _area_of(score_N, rare, seed)
        assert high - low > 0.3
        held += low <= 0.921 <= high
    assert held >= 93


@pytest.mark.parametrize("rare", [1, 2, 3, 5])
def test_few_rows_found_first_are_no_proof(rare: int) -> None:
    found = _scored(np.where(np.arange(400) < rare, 3.0, -3.0 - np.arange(400) % 7), rare)
    assert found.over_constant is not None
    rows = f"{rare} row{'' if rare == 1 else 's'} of 'fraud'"
    for name in (*RANKED, "recall", "f1", "balanced_accuracy"):
        assert found.over_constant.metrics[name].verdict == "unclear", name
        assert rows in (found.metrics[name].note or ""), name
    area, precise = (found.metrics[name] for name in RANKED)
    assert area.low is not None
    assert area.low < 0.6
    assert (area.value, area.high) == (1.0, 1.0)
    assert (precise.low, precise.note) == (None, f"no interval: it rests on {rows}")
    assert found.is_no_better_than_constant


def test_six_rows_are_enough_to_compare() -> None:
    found = _scored(np.where(np.arange(400) < 6, 3.0, -3.0 - np.arange(400) % 7), 6)
    assert found.over_constant is not None
    for name in (*RANKED, "recall"):
        assert found.over_constant.metrics[name].verdict == "better", name
        assert "rests on" not in (found.metrics[name].note or ""), name


def test_a_rare_class_of_three_widens_the_mean_over_them() -> None:
    task = FittedClassify(classes=("a", "b", "rare"), counts=(90, 90, 3), kind="text")
    draw = np.random.default_rng(3)
    target_N = np.r_[2, np.arange(299) % 2]
    found = evaluate_all(
        {"model": draw.normal(size=(300, 3))}, target_N, task, seed=0, resamples=200
    )["model"].metrics["roc_auc"]
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.2
    assert found.note == "it rests on 1 row of 'rare'"


def _verdicts(
    target_N: np.ndarray, bias: float, seed: int, group_N: np.ndarray | None = None
) -> Iterator[tuple[str, str, str]]:
    """Of noise beside the constant answer, and beside other noise; rows of a group are alike."""
    size = len(target_N) if group_N is None else int(group_N.max()) + 1
    draw = np.random.default_rng([seed, size])
    scores = {name: draw.normal(bias, 2, size) for name in ("model", "baseline")}
    scores["constant"] = np.zeros(size)
    metrics = {name: all_metrics()[name] for name in FAIR}
    candidates = {}
    for place, (name, score_G) in enumerate(scores.items()):
        score_N = score_G if group_N is None else score_G[group_N]
        answers = ClassAnswers(np.stack([np.full(len(score_N), 0.1), score_N], 1), target_N)
        candidates[name] = Candidate(answers, metrics, 100, group_N, place)
    alike_K = candidates["model"].alike_K
    for some in draws(len(target_N), 100, seed, group_N, alike_K):
        for candidate in candidates.values():
            candidate.take(0, some)
    whole = Draw(np.ones(len(target_N), dtype=np.int64))
    for reference in ("constant", "baseline"):
        for name, gap in compare_all(candidates, reference, metrics, whole)[
            "model"
        ].metrics.items():
            yield reference, name, gap.verdict


def _assert_seldom(found: Counter[tuple[str, str, str]], sets: int) -> None:
    """Better or worse in 5 % of sets, or a little more by the luck of these."""
    for name in FAIR:
        assert found["constant", name, "better"] <= 0.05 * sets, name
        for reference in ("constant", "baseline"):
            wrong = sum(found[reference, name, verdict] for verdict in ("better", "worse"))
            assert wrong <= 0.08 * sets, (reference, name)


@pytest.mark.parametrize(("rare", "bias"), [(6, 0.0), (6, -4.0), (9, 0.0), (11, -3.0), (20, 0.0)])
def test_noise_is_seldom_called_better_or_worse(rare: int, bias: float) -> None:
    """With a low bias it answers the rare class as seldom as the constant answer does."""
    sets = 100
    target_N = (np.arange(150) < rare).astype(np.int64)
    found = Counter(one for seed in range(sets) for one in _verdicts(target_N, bias, seed))
    _assert_seldom(found, sets)


def test_noise_in_few_groups_is_seldom_called_better_or_worse() -> None:
    sets = 100
    group_N = np.arange(240) // 8
    target_N = (group_N < 6).astype(np.int64)
    found = Counter(one for seed in range(sets) for one in _verdicts(target_N, 0.0, seed, group_N))
    _assert_seldom(found, sets)


@pytest.mark.parametrize("rare", [6, 8, 11])
def test_a_verdict_beside_the_constant_agrees_with_the_interval(rare: int) -> None:
    verdicts = set()
    for seed in range(12):
        score_N = np.random.default_rng(seed).normal(size=120)
        score_N[:rare] += seed / 3
        found = _scored(score_N, rare)
        assert found.over_constant is not None
        low = found.metrics["roc_auc"].low
        verdict = found.over_constant.metrics["roc_auc"].verdict
        assert (verdict == "better") == (low is not None and low > 0.5)
        verdicts.add(verdict)
    assert verdicts == {"better", "unclear"}


def test_a_class_of_many_rows_in_few_groups_is_a_class_of_few() -> None:
    group_N = np.r_[np.repeat(np.arange(3), 40), 3 + np.arange(300)]
    target_N = (group_N < 3).astype(np.int64)
    score_N = np.where(target_N == 1, 3.0, -3.0 - np.arange(420) % 7)
    output_NK = np.stack([0 * score_N, score_N], axis=1)
    grouped, alone = (
        evaluate_all(
            {"model": output_NK},
            target_N,
            TASK,
            seed=0,
            resamples=200,
            constant=True,
            group_N=groups,
        )["model"]
        for groups in (group_N, None)
    )
    assert grouped.over_constant is not None
    assert alone.over_constant is not None
    for name in (*RANKED, "recall", "balanced_accuracy"):
        assert alone.over_constant.metrics[name].verdict == "better", name
        assert grouped.over_constant.metrics[name].verdict == "unclear", name
        assert "rests on 120 rows of 'fraud' in 3 groups" in (grouped.metrics[name].note or "")
    for name in ("roc_auc", "recall"):
        low, narrow = grouped.metrics[name].low, alone.metrics[name].low
        assert low is not None
        assert low < 0.7
        assert narrow is None or narrow > 0.95


def test_a_gate_says_how_few_rows_it_rests_on() -> None:
    found = _scored(np.where(np.arange(400) < 3, 3.0, -3.0 - np.arange(400) % 7), 3)
    recall, area = check_gates({"recall": ">= 0.8", "pr_auc": ">= 0.5"}, found)
    assert recall.passed
    assert not recall.sure
    assert "is at least 0.8; it rests on 3 rows of 'fraud'; the interval reaches" in recall.text
    assert area.text == "pr_auc 1 is at least 0.5; no interval: it rests on 3 rows of 'fraud'"
