"""Baseline: train the plain model that every report compares with."""

from __future__ import annotations

from typing import Any

from stoker.core.steps import find_step
from stoker.features.image import FittedImage
from stoker.models import Model
from stoker.pipeline.candidates import plain_model
from stoker.pipeline.node import Work
from stoker.pipeline.prepared_parts import read_interface
from stoker.pipeline.stages.train import make_model


def baseline(work: Work) -> dict[str, Any]:
    """Train the plain model of pictures or of tables."""
    inputs = read_interface(work.inputs["prepare"].folder).inputs.values()
    name = plain_model(has_pictures=any(isinstance(one, FittedImage) for one in inputs))
    return make_model(work, find_step("stoker.models", name, Model)(), "fast", {"threads": 1})
