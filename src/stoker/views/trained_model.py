"""What the stages `train` and `baseline` wrote: how a model came to be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stoker.candidates.leaderboard import FILE as BOARD_FILE
from stoker.candidates.leaderboard import Leaderboard
from stoker.candidates.learning_curve import FILE as CURVE_FILE
from stoker.candidates.learning_curve import LearningCurve

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact


@dataclass(frozen=True)
class TrainedModel:
    """A trained model."""

    folder: Path
    summary: Mapping[str, Any]

    @classmethod
    def open(cls, artifact: Artifact) -> TrainedModel:
        """Of the stage `train` or `baseline`."""
        return cls(artifact.folder, artifact.manifest.summary)

    @property
    def model(self) -> str:
        """Recipe name of the model."""
        return next(iter(self.summary["model"]))

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """What was measured after each epoch or round."""
        return json.loads((self.folder / "history.json").read_bytes())

    @cached_property
    def leaderboard(self) -> Leaderboard | None:
        """Every candidate of a search; None where the recipe names its model."""
        path = self.folder / BOARD_FILE
        return Leaderboard.model_validate_json(path.read_bytes()) if path.is_file() else None

    @cached_property
    def learning_curve(self) -> LearningCurve | None:
        """What more rows would bring; None where that was not looked at."""
        path = self.folder / CURVE_FILE
        return LearningCurve.model_validate_json(path.read_bytes()) if path.is_file() else None
