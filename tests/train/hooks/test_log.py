"""A hook sees all and changes nothing; losses are in the file once each, also after a kill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from stoker.core.errors import RecipeError
from stoker.train.batches import Batches
from stoker.train.hooks import Hook, StepDone
from stoker.train.hooks.log import Log
from stoker.train.settings import Settings

SETTINGS = Settings(epochs=3, batch_size=32, checkpoint_every_s=0)
STEPS = 3 * 13


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Seen(Hook):
    """Counts what it is told."""

    calls: list[str] = []  # noqa: RUF012 - pydantic copies it

    def begin(self, first_step: int) -> None:
        self.calls.append(f"begin {first_step}")

    def after_step(self, done: StepDone) -> None:
        self.calls.append(f"step {done.number} {done.epoch}")

    def after_epoch(self, record: Mapping[str, Any], network: nn.Module) -> None:
        self.calls.append(f"epoch {record['epoch']}")

    def end(self) -> None:
        self.calls.append("end")


def test_a_hook_sees_every_step_and_epoch(tiny: Any) -> None:
    seen = Seen()
    tiny.train(SETTINGS, hooks=(seen,))
    assert seen.calls[:2] == ["begin 0", "step 0 0"]
    assert seen.calls[-2:] == ["epoch 3", "end"]
    assert sum(call.startswith("step") for call in seen.calls) == STEPS
    assert seen.calls.index("epoch 1") < seen.calls.index("step 13 1")


def test_looking_on_changes_nothing(make_tiny: Any, tmp_path: Path, weights_sha: Any) -> None:
    plain = make_tiny(tmp_path / "plain").train(SETTINGS)
    watched = make_tiny(tmp_path / "watched").train(
        SETTINGS, hooks=(Log(path=str(tmp_path / "log.jsonl"), every=1),)
    )
    assert weights_sha(plain.network) == weights_sha(watched.network)
    assert plain.history == watched.history


def test_losses_and_scores_are_written(tiny: Any, tmp_path: Path) -> None:
    path = tmp_path / "损失.jsonl"
    done = tiny.train(SETTINGS, hooks=(Log(path=str(path), every=5),))
    found = lines_of(path)
    steps = [line for line in found if "loss" in line]
    assert [line["step"] for line in steps] == list(range(0, STEPS, 5))
    epochs = [line for line in found if "validation_loss" in line]
    assert [line["validation_loss"] for line in epochs] == [
        record["validation_loss"] for record in done.history
    ]


def test_a_killed_training_has_each_line_once(
    make_tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    whole = make_tiny(tmp_path / "whole")
    whole.train(SETTINGS, hooks=(Log(path=str(path), every=1),))
    expected = lines_of(path)
    tiny = make_tiny(tmp_path / "killed")

    class Killed(BaseException):
        pass

    load = Batches.load

    def loads(self: Batches, epoch: int, chunk: int) -> Any:
        if epoch == 2:
            raise Killed
        return load(self, epoch, chunk)

    with monkeypatch.context() as patched:
        patched.setattr(Batches, "load", loads)
        with pytest.raises(Killed):
            tiny.train(SETTINGS, hooks=(Log(path=str(path), every=1),))
    with path.open("ab") as stream:
        stream.write(b'{"epoch":2,"lo')
    tiny.train(SETTINGS, hooks=(Log(path=str(path), every=1),))
    assert lines_of(path) == expected


@pytest.mark.parametrize("content", [b"name,age\nli,3\n", b'{"a": 1}', b'{"step": "x"}\n', b"5\n"])
def test_a_file_that_is_no_log_is_never_overwritten(
    tiny: Any, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match="which is no log of a training"):
        tiny.train(SETTINGS, hooks=(Log(path=str(path)),))
    assert path.read_bytes() == content
