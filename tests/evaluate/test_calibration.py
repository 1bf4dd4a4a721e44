"""What the temperature did is told on the rows that are scored, whichever way it went."""

from __future__ import annotations

import numpy as np
import pytest

from stoker.bundle.decision import Decision
from stoker.evaluate.calibration import uncalibrated
from stoker.evaluate.coverage import decided
from stoker.evaluate.score import evaluate
from stoker.report.facts import ReportFacts
from stoker.report.page import render_page
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

PETS = FittedClassify(classes=("cat", "dog"), counts=(1, 1), kind="text")
AGE = FittedRegress(mean=10, std=2, low=0, high=99)


def sure(rows: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits three times as large as the truth has them, and the truth."""
    draw = np.random.default_rng(0)
    logit_N = draw.normal(size=rows)
    target_N = (draw.random(rows) < 1 / (1 + np.exp(-logit_N))).astype(np.int64)
    return np.stack([np.zeros(rows), 3 * logit_N], axis=1), target_N


def test_it_says_what_the_outputs_were_before() -> None:
    raw_NK, target_N = sure()
    decision = Decision(temperature=3.0)
    found = uncalibrated(decision, decision.adjust(raw_NK), target_N, PETS)
    before = evaluate(raw_NK, target_N, PETS, seed=0, resamples=0)
    assert found is not None
    assert found.log_loss == pytest.approx(before.metrics["log_loss"].value, rel=1e-5)
    assert found.ece == pytest.approx(before.metrics["ece"].value, rel=1e-3)
    after = evaluate(decision.adjust(raw_NK), target_N, PETS, seed=0, resamples=0)
    assert found.log_loss > (after.metrics["log_loss"].value or 0) + 0.1
    assert found.ece > (after.metrics["ece"].value or 0) + 0.1


def test_no_temperature_has_nothing_before() -> None:
    raw_NK, target_N = sure(50)
    assert uncalibrated(Decision(), raw_NK, target_N, PETS) is None
    assert uncalibrated(Decision(), np.zeros((3, 1)), np.zeros(3, np.float32), AGE) is None


def test_the_page_shows_both() -> None:
    raw_NK, target_N = sure()
    decision = Decision(temperature=3.0)
    output_NK = decision.adjust(raw_NK)
    evaluation = evaluate(output_NK, target_N, PETS, seed=0, resamples=0)
    said = decided(decision, output_NK, target_N, PETS)
    page = render_page(
        ReportFacts(
            name="pets",
            predicts="the class",
            target="pet",
            evaluations={"model": evaluation.model_copy(update=said)},
            decision=decision,
        )
    )
    assert "before the temperature" in page
    assert "with it and" in page
