"""What the temperature of a bundle did to its probabilities, on the rows that are scored.

The temperature was chosen on other rows, so it may have made these worse; then this says so.
"""

from __future__ import annotations

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.bundle.decision import Decision
from stoker.evaluate.curves import curves
from stoker.evaluate.evaluation import Uncalibrated
from stoker.evaluate.metrics.ece import Ece
from stoker.evaluate.metrics.log_loss import LogLoss
from stoker.evaluate.score import answers_of
from stoker.tasks import FittedTask


def uncalibrated(
    decision: Decision, output_NK: np.ndarray, target_N: np.ndarray, task: FittedTask
) -> Uncalibrated | None:
    """The same answers before the temperature; None where it changes nothing.

    Args:
        decision: Of the bundle.
        output_NK: Outputs as the decision adjusted them.
        target_N: Encoded targets.
        task: What is asked of the target.
    """
    if decision.temperature == 1.0:
        return None
    answers = answers_of(output_NK * decision.temperature, target_N, task, decision.weights)
    assert isinstance(answers, ClassAnswers)
    found = curves(answers)
    return Uncalibrated(
        log_loss=LogLoss().score(answers),
        ece=Ece().score(answers),
        calibration=found.calibration,
        reliability=found.reliability,
    )
