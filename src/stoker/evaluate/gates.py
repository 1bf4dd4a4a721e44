"""Gates: rules such as `accuracy: ">= 0.98"` that a result has to meet.

The measured value decides, not the interval: a gate should not pass or fail by the luck of how many
rows were kept for testing.  The interval is reported beside it, with whether it lies wholly on one
side of the bound and with how few rows it rests on, so that a narrow pass is seen as one.

`parse_gates` needs no model, so a mistake is answered before any work starts.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from stoker.answers import Answers
from stoker.core.errors import RecipeError
from stoker.core.events import warning
from stoker.core.value import Value
from stoker.evaluate.evaluation import Evaluation, Score
from stoker.evaluate.metrics import Metric
from stoker.evaluate.score import all_metrics, metrics_of

_RULES = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_WORDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_FORM = re.compile(r"\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


class Gate(Value):
    """One rule."""

    metric: str
    rule: str
    """`>=`, `<=`, `>` or `<`."""
    bound: float

    def __str__(self) -> str:
        """As in a recipe.

        >>> str(Gate(metric="mae", rule="<=", bound=0.1))
        'mae <= 0.1'
        """
        return f"{self.metric} {self.rule} {self.bound:g}"


class GateResult(Value):
    """What became of a rule."""

    metric: str
    rule: str
    bound: float
    value: float | None
    low: float | None
    high: float | None
    passed: bool
    """Whether the value meets the rule; an undefined metric does not."""
    sure: bool
    """Whether the whole interval says the same."""
    text: str
    """The outcome in one sentence."""


def parse_gates(
    gates: Mapping[str, str], gives: type[Answers], own_metrics: Sequence[Metric[Any]] = ()
) -> tuple[Gate, ...]:
    """The rules of a recipe.

    Args:
        gates: Metric name to rule.
        gives: The kind of answers that the task gives.
        own_metrics: Metrics that the recipe adds; a gate names one as `evaluate.metrics` does.

    Raises:
        RecipeError: If a metric is unknown or takes other answers, or a rule cannot be read.

    >>> from stoker.answers.classes import ClassAnswers
    >>> str(parse_gates({"accuracy": ">= 0.98"}, ClassAnswers)[0])
    'accuracy >= 0.98'
    """
    known = metrics_of(gives, own_metrics)
    for name in gates:
        if name not in known:
            raise _unknown(name, gives.of, list(known))
    parsed = tuple(_parse(name, text) for name, text in gates.items())
    for gate in parsed:
        _tell_direction(gate, higher_is_better=known[gate.metric].higher_is_better)
    return parsed


def check_gates(gates: Mapping[str, str], evaluation: Evaluation) -> list[GateResult]:
    """What became of each rule.

    Raises:
        RecipeError: If a metric was not measured, or a rule cannot be read.
    """
    for name in gates:
        if name not in evaluation.metrics:
            raise _unknown(name, evaluation.task, list(evaluation.metrics))
    parsed = [_parse(name, text) for name, text in gates.items()]
    return [_check(gate, evaluation.metrics[gate.metric]) for gate in parsed]


def _parse(name: str, text: str) -> Gate:
    match = _FORM.fullmatch(str(text))
    if match is None or not math.isfinite(float(match[2])):
        raise RecipeError(
            f"gate {name}: {str(text)[:80]!r} is not a rule",
            expected="a comparison and a number, such as '>= 0.98' or '<= 0.1'",
        )
    return Gate(metric=name, rule=match[1], bound=float(match[2]))


def _tell_direction(gate: Gate, *, higher_is_better: bool) -> None:
    """Warn of a rule that only good results can miss; as a guard against a leak it is sound."""
    if (gate.rule in (">", ">=")) != higher_is_better:
        way, other = ("higher", ">=") if higher_is_better else ("lower", "<=")
        warning(
            f"gate {gate}: of {gate.metric} {way} is better, so this refuses good results and lets "
            f"bad ones pass; was `{other} {gate.bound:g}` meant?"
        )


def _unknown(name: str, of: str, known: list[str]) -> RecipeError:
    other = all_metrics().get(name)
    if other is not None:
        return RecipeError(
            f"gate {name}: this metric is about {other.takes.of}, and the answers to this target "
            f"are {of}",
            expected=f"one of {', '.join(known)}",
        )
    wanted = name if ":" in name else name.lower().replace("-", "_")
    near = get_close_matches(wanted, known, n=1)
    return RecipeError(
        f"gate {name}: no such metric",
        expected=f"one of {', '.join(known)}",
        fix=f"did you mean {near[0]!r}?" if near else _list_it(name),
    )


def _list_it(name: str) -> str | None:
    return f"add {name} to evaluate.metrics" if ":" in name else None


def _check(gate: Gate, score: Score) -> GateResult:
    meets = _RULES[gate.rule]
    passed = score.value is not None and meets(score.value, gate.bound)
    ends = [end for end in (score.low, score.high) if end is not None]
    sure = bool(ends) and all(meets(end, gate.bound) == passed for end in ends)
    return GateResult(
        metric=gate.metric,
        rule=gate.rule,
        bound=gate.bound,
        value=score.value,
        low=score.low,
        high=score.high,
        passed=passed,
        sure=sure,
        text=_sentence(gate, score, passed=passed, sure=sure),
    )


def _sentence(gate: Gate, score: Score, *, passed: bool, sure: bool) -> str:
    if score.value is None:
        return f"{gate.metric} is undefined ({score.note}), so {gate} is not met"
    said = f"{gate.metric} {score.value:.4g}"
    if score.low is not None and score.high is not None:
        said += f" (95 % interval {score.low:.4g} to {score.high:.4g})"
    said += f" is {'' if passed else 'not '}{_WORDS[gate.rule]} {gate.bound:g}"
    said += f"; {score.note}" * bool(score.note)
    if sure or score.low is None:
        return said
    return f"{said}; the interval reaches across the bound, so other rows might say otherwise"
