"""Write losses to a file while training goes on, for whatever draws them.

Each line is a JSON object.  Steps have `step`, `epoch`, `rate` and `loss`, epochs the keys of the
history.  A killed training that goes on rewrites the lines behind its checkpoint, so in the end
each step stands there once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from stoker.core.canonical import canonical_json
from stoker.store.durable import machine_errors, write_file
from stoker.train.hooks import Hook, StepDone

if TYPE_CHECKING:
    from torch import nn


class Log(Hook):
    """Losses of steps and scores of epochs as JSON lines."""

    path: str
    """File to write, from where the run was started."""

    every: Annotated[int, Field(ge=1)] = 10
    """Steps between two lines; on a GPU each line waits for its step."""

    def begin(self, first_step: int) -> None:
        """Leave only lines from before this step."""
        kept = b""
        if first_step and Path(self.path).is_file():
            with machine_errors(f"read {self.path}"):
                lines = Path(self.path).read_bytes().splitlines(keepends=True)
            kept = b"".join(line for line in lines if _step(line) < first_step)
        write_file(Path(self.path), kept)

    def after_step(self, done: StepDone) -> None:
        """A line, if it is time."""
        if done.number % self.every == 0:
            said = {"step": done.number, "epoch": done.epoch, "rate": done.rate}
            self._append({**said, "loss": float(done.loss)})

    def after_epoch(self, record: Mapping[str, Any], network: nn.Module) -> None:
        """The scores of the epoch; `step` is its last one."""
        self._append({**record, "step": record["step"] - 1})

    def _append(self, line: Mapping[str, Any]) -> None:
        with machine_errors(f"write {self.path}"), Path(self.path).open("ab") as stream:
            stream.write(canonical_json(line) + b"\n")


def _step(line: bytes) -> float:
    """The step of a line; a line that was cut off by a kill goes."""
    try:
        return json.loads(line)["step"]
    except ValueError:
        return float("inf")
