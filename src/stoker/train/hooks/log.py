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
from stoker.core.errors import RecipeError
from stoker.store.durable import machine_errors, write_file
from stoker.train.hooks import Hook, StepDone

if TYPE_CHECKING:
    from torch import nn

_BEGIN = b'{"epoch":'
"""How every line begins; keys are sorted."""


class Log(Hook):
    """Losses of steps and scores of epochs as JSON lines."""

    path: str
    """File to write, from where the run was started."""

    every: Annotated[int, Field(ge=1)] = 10
    """Steps between two lines; on a GPU each line waits for its step."""

    def begin(self, first_step: int) -> None:
        """Leave only lines from before this step.

        Raises:
            RecipeError: If the file is there and holds anything else; it is left as it is.
        """
        lines: list[bytes] = []
        if Path(self.path).exists():
            with machine_errors(f"read {self.path}"):
                lines = Path(self.path).read_bytes().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n") and lines[-1].startswith(_BEGIN):
            lines.pop()  # cut off by a kill
        steps = [_step(line) for line in lines]
        if None in steps:
            raise RecipeError(
                f"train.hooks: log would overwrite {self.path}, which is no log of a training",
                expected="a file that is not there, or a log from before",
                fix="name another path",
            )
        kept = [line for line, step in zip(lines, steps, strict=True) if (step or 0) < first_step]
        write_file(Path(self.path), b"".join(kept))

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


def _step(line: bytes) -> int | None:
    """The step of a line; None where it is no line of ours."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    step = said.get("step") if isinstance(said, dict) else None
    return step if isinstance(step, int) else None
