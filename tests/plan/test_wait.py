"""A long wait is said before it begins; how long, how sure that is, and what is to be done."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.plan.forecast import PlannedStage, RunPlan
from stoker.plan.wait import wait_words


@pytest.mark.parametrize(
    ("seconds", "outputs", "said"),
    [
        ((59.0, 0.9), 2, ""),
        ((None, 90.0), 2, ""),
        ((59.0, 1.0), 4, "what is left takes about 1 min, of which the training takes"),
        ((59.0, 1.0), 5, "what is left takes about 1 min, of which the training with 5 classes"),
        ((60.0, None), 2, "what is left takes about 1 min, of which the training takes 1 min"),
    ],
)
def test_a_minute_is_said_before_it_is_waited_for(
    seconds: tuple[float | None, float | None], outputs: int, said: str
) -> None:
    stages = tuple(
        PlannedStage(name, "to do", 100, True, one, "rates", None)
        for name, one in zip(("train", "compress"), seconds, strict=True)
    )
    cached = PlannedStage("acquire", "cached", 100, True, 900.0, "rates", None)
    found = wait_words(RunPlan((cached, *stages)), outputs)
    assert found.startswith(said) if said else not found
    assert wait_words(RunPlan((stages[1],)), outputs) == "", "there is no training to wait for"


@pytest.mark.parametrize(
    ("source", "end"),
    [
        ("budget", "takes 2 min, as train.budget says"),
        ("rates", "(a rough guess, good to a factor of five); train: {budget: 60s} would end it"),
        ("runs", "takes 2 min (a guess); train: {budget: 60s} would end it sooner"),
    ],
)
def test_how_sure_a_wait_is_is_said(source: Any, end: str) -> None:
    stage = PlannedStage("train", "to do", 100, True, 120.0, source, None)
    assert end in wait_words(RunPlan((stage,)), 2)
