"""Score candidates on one set of rows, with intervals, and compare each with a reference.

`evaluate` scores one model; `evaluate_all` several on the same resamples, so that differences are
paired.  What is undefined (an area where one class occurs) is said to be so, with the reason.

Cost: see `stoker.evaluate.bootstrap`.  Imports no torch, and reads no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.cells.ragged import Rows, values_of
from stoker.core import events
from stoker.core.errors import DataError, RecipeError
from stoker.core.steps import find_step, is_own, step_name, step_names
from stoker.evaluate.bootstrap import Candidate, draws, enough_draws
from stoker.evaluate.compare import compare_all
from stoker.evaluate.details import details
from stoker.evaluate.evaluation import CONSTANT, Evaluation, Score
from stoker.evaluate.metrics import STAGE, Metric
from stoker.evaluate.shown import ends, note
from stoker.tasks import FittedTask


def metrics_of(gives: type[Answers], own: Sequence[Metric[Any]] = ()) -> dict[str, Metric[Any]]:
    """Every metric of a kind of answers by the name that tables, gates and the catalog use.

    Ours are called as in a recipe (`f1`, and `f1_macro` for another average), a user's own as the
    recipe names it (`their_metrics:Profit`); they come in the order of tables, own ones last.

    Args:
        gives: The kind of answers that the task gives.
        own: Metrics that the recipe adds under `evaluate.metrics`.

    Raises:
        RecipeError: If an own metric takes other answers or is there already.

    >>> from stoker.answers.numbers import NumberAnswers
    >>> "rmse" in metrics_of(NumberAnswers)
    True
    """
    ours = all_metrics()
    found = {name: metric for name, metric in ours.items() if issubclass(gives, metric.takes)}
    for name, metric in zip(_own_names(own), own, strict=True):
        if name in found or name in ours:
            raise RecipeError(
                f"evaluate.metrics: {name} is measured already",
                expected="your own metrics, each once; those of stoker are always measured",
            )
        if not issubclass(gives, metric.takes):
            raise RecipeError(
                f"evaluate.metrics: {name} is about {metric.takes.of}, and the answers to this "
                f"target are {gives.of}"
            )
        found[name] = metric
    return found


def _own_names(own: Sequence[Metric[Any]]) -> list[str]:
    """What own metrics are called: a class that is there twice by its fields too.

    A gate names it so, as in `their_metrics:Pinball(quantile=0.8)`.
    """
    names = [step_name(metric) for metric in own]
    return [
        name if names.count(name) == 1 else f"{name}({said_fields(metric)})"
        for name, metric in zip(names, own, strict=True)
    ]


def said_fields(metric: Metric[Any]) -> str:
    """The fields of a metric that are not as usual, such as `quantile=0.8`.

    >>> from stoker.evaluate.metrics.f1 import F1
    >>> said_fields(F1(average="macro")), said_fields(F1())
    ('average=macro', '')
    """
    given = metric.model_dump(mode="json", exclude_defaults=True)
    return ", ".join(f"{name}={value}" for name, value in given.items())


def all_metrics() -> dict[str, Metric[Any]]:
    """Every metric of ours by name, whatever answers it takes, in the order of tables."""
    found: dict[str, Metric[Any]] = {}
    steps = {name: find_step(STAGE, name, Metric)() for name in step_names(STAGE)}
    for name, metric in sorted(steps.items(), key=lambda item: (item[1].place, item[0])):
        found[name] = metric
        for suffix, fields in metric.variants.items():
            found[f"{name}_{suffix}"] = type(metric).model_validate(fields)
    return found


def evaluate(
    outputs: Rows,
    target: Rows,
    task: FittedTask,
    *,
    seed: int,
    resamples: int = 1000,
) -> Evaluation:
    """How good a model's raw outputs are.

    Args:
        outputs: Logits of K classes, or standardised values (K = 1); of rows or of their tokens.
        target: Encoded targets: class codes, or standardised values.
        task: The fitted task that encoded them.
        seed: Equal seeds and row counts draw equal resamples.
        resamples: Bootstrap resamples behind each interval; 0 gives no intervals.

    Raises:
        DataError: If there are no rows, lengths differ, or an output is not a finite number.
    """
    return evaluate_all({"model": outputs}, target, task, seed=seed, resamples=resamples)["model"]


def evaluate_all(  # noqa: PLR0913 - what to score, and how, each by its name
    outputs: Mapping[str, Rows],
    target: Rows,
    task: FittedTask,
    *,
    seed: int,
    resamples: int = 1000,
    reference: str | None = None,
    constant: bool = False,
    own_metrics: Sequence[Metric[Any]] = (),
    group_N: np.ndarray | None = None,
    weights: Mapping[str, Sequence[float] | None] | None = None,
) -> dict[str, Evaluation]:
    """Score several candidates on the same rows and the same resamples.

    Args:
        outputs: Raw outputs of each candidate, shape (N, K), or of each of its tokens.
        target: Encoded targets, one a row.
        task: The fitted task that encoded them.
        seed: Equal seeds and row counts draw equal resamples.
        resamples: Bootstrap resamples behind each interval, of very many rows a fifth of it; 0
            gives no intervals.
        reference: The candidate that all others are compared with, such as `"baseline"`.
        constant: Whether the answer that looks at no input is scored too, as `constant`, and all
            others are compared with it.
        own_metrics: Metrics beside those of the task.
        group_N: Group of each row, numbers from 0 without a gap, where rows of a group are alike:
            resamples then draw whole groups.
        weights: For candidates whose answer is not the most probable class, the weights of the
            answer; see `Decision`.

    Raises:
        DataError: See `evaluate`.
    """
    assert reference is None or reference in outputs
    metrics = metrics_of(task.gives, own_metrics)
    num_groups = None if group_N is None else int(group_N.max(initial=-1)) + 1
    resamples = enough_draws(num_groups or len(target), resamples)
    if constant:
        outputs = {**outputs, CONSTANT: task.constant_outputs(target)}
    candidates = {
        name: Candidate(
            answers_of(output, target, task, (weights or {}).get(name)),
            metrics,
            resamples,
            group_N,
            place,
        )
        for place, (name, output) in enumerate(outputs.items())
    }
    alike_K = next(iter(candidates.values())).alike_K
    with events.task("intervals", total=resamples, unit="resamples") as drawing:
        place = 0
        for draw in draws(len(target), resamples, seed, group_N, alike_K):
            for candidate in candidates.values():
                candidate.take(place, draw)
            place += len(draw.count_N)
            drawing.advance(len(draw.count_N))
    whole = Draw(np.ones(len(target), dtype=np.int64))
    compared = {
        key: compare_all(candidates, other, metrics, whole)
        for key, other in (("comparison", reference), ("over_constant", CONSTANT))
        if other in candidates
    }
    return {
        name: _describe(candidate, task, metrics, whole, seed=seed, resamples=resamples).model_copy(
            update={key: comparisons.get(name) for key, comparisons in compared.items()}
        )
        for name, candidate in candidates.items()
    }


def answers_of(
    outputs: Rows,
    target: Rows,
    task: FittedTask,
    weights: Sequence[float] | None = None,
) -> Answers:
    """Outputs and encoded targets as metrics want them, numbers in the target's own unit.

    Args:
        outputs: Outputs as the decision adjusted them.
        target: Encoded targets.
        task: What is asked of the target.
        weights: Of the answer; see `Decision`.

    Raises:
        DataError: If there are no rows, lengths differ, or an output is not a finite number.
    """
    if len(outputs) != len(target):
        raise DataError(f"{len(outputs)} outputs stand beside {len(target)} targets")
    if len(target) == 0:
        raise DataError(
            "there are no rows to score",
            expected="at least one row in the part that is scored",
            fix="give the split a larger share, or look at the rejects for why rows went",
        )
    output_NK = values_of(outputs)
    bad = int((~np.isfinite(output_NK)).any(axis=1).sum())
    if bad:
        raise DataError(
            f"the model's output is not a finite number in {bad} of {len(output_NK)} places",
            fix="lower the rate or clip gradients; training diverged",
        )
    return task.answers(outputs, target, weights)


def _describe(
    candidate: Candidate,
    task: FittedTask,
    metrics: Mapping[str, Metric[Any]],
    whole: Draw,
    *,
    seed: int,
    resamples: int,
) -> Evaluation:
    answers = candidate.answers
    common: dict[str, Any] = {
        "num_rows": answers.num_rows,
        "num_groups": candidate.num_groups,
        "seed": seed,
        "resamples": resamples,
        "metrics": _scores(candidate, metrics, whole),
    }
    return Evaluation(
        task=step_name(task),
        headline=next(name for name in task.primary if name not in candidate.undefined),
        watched=tuple(n for n in task.watched if n not in candidate.undefined) or task.watched,
        **common,
        **details(candidate, whole, seed),
    )


def _scores(
    candidate: Candidate, metrics: Mapping[str, Metric[Any]], whole: Draw
) -> dict[str, Score]:
    values = candidate.values(whole)
    intervals = candidate.intervals(values, whole)
    width = candidate.answers.num_classes if isinstance(candidate.answers, ClassAnswers) else None
    found: dict[str, Score] = {}
    for name, metric in metrics.items():
        value = values.get(name, float("nan"))
        undefined = candidate.undefined.get(name)
        if undefined is None and not np.isfinite(value):
            undefined = metric.why_undefined
        sample_R = candidate.samples.get(name, np.empty(0))
        between = intervals.get(name) if undefined is None else None
        low, high = ends(name, value, between, candidate.num_groups or candidate.answers.num_rows)
        found[name] = Score(
            title=_title(metric, name),
            about=metric.about(width),
            higher_is_better=metric.higher_is_better,
            value=None if undefined else value,
            low=low,
            high=high,
            resamples=len(sample_R),
            takes_skill=metric.takes_skill,
            place=metric.place,
            detail=not is_own(metric) and name not in step_names(STAGE),
            note=undefined
            or note(candidate.answers.num_rows, value, between, sample_R, candidate.few_rows(name)),
        )
    return found


def _title(metric: Metric[Any], name: str) -> str:
    if is_own(metric):
        more = "" if "(" in name else said_fields(metric)
        return f"{metric.title} ({name}{', ' if more else ''}{more})"
    average = getattr(metric, "average", "auto")
    return metric.title if average == "auto" else f"{metric.title} ({average})"
