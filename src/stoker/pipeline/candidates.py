"""The candidates of a run: the model, its compressed form if that was chosen, the baseline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from stoker.store.artifact import Artifact

MODEL = "model"
"""Name of the candidate that was trained as the recipe says."""
PLAIN_PICTURES = "logistic"
"""The model that a report about pictures compares with."""
PLAIN_TABLE = "linear"
"""The model that a report about tables compares with."""


def plain_model(*, has_pictures: bool) -> str:
    """Name of the model that is trained to compare with."""
    return PLAIN_PICTURES if has_pictures else PLAIN_TABLE


def chosen_name(inputs: Mapping[str, Artifact]) -> str:
    """The candidate that compression chose; `model` where nothing was compressed."""
    if "compress" not in inputs:
        return MODEL
    said = json.loads((inputs["compress"].folder / "compress.json").read_bytes())
    return str(said["chosen"])


def candidate_bundles(inputs: Mapping[str, Artifact]) -> dict[str, Path]:
    """Bundle folder of each candidate: the model, the compressed one if kept, the baseline."""
    found = {MODEL: inputs["train"].folder / "bundle"}
    name = chosen_name(inputs)
    if name != MODEL:
        found[name] = inputs["compress"].folder / name
    if "baseline" in inputs:
        found["baseline"] = inputs["baseline"].folder / "bundle"
    return found
