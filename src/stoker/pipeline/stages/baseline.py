"""Baseline: train the plain model that every report compares with."""

from __future__ import annotations

from typing import Any

from stoker.core.steps import find_step
from stoker.models import Network
from stoker.pipeline.candidates import BASELINE
from stoker.pipeline.node import Work
from stoker.pipeline.stages.train import make_model


def baseline(work: Work) -> dict[str, Any]:
    """Train the plain model."""
    model = find_step("stoker.models", BASELINE, Network)()
    return make_model(work, model, "fast", {"threads": 1})
