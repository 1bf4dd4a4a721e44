"""A checkpoint gives back what was put in, for every optimiser; anything else is set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from stoker.core.steps import find_step, step_names
from stoker.train.averaging import Average
from stoker.train.checkpoint import (
    optimizer_tensors,
    read_checkpoint,
    restore_optimizer,
    write_checkpoint,
)
from stoker.train.optim import Optimizer

STAGE = "stoker.train.optim"
NUMBERS = {"identity": "this", "step": 7}


def optimizer(name: str, network: nn.Module) -> torch.optim.Optimizer:
    return find_step(STAGE, name, Optimizer)().build(network.named_parameters(), rate=0.01)


def steps(network: nn.Module, using: torch.optim.Optimizer, number: int) -> None:
    for _ in range(number):
        network(torch.ones(3, 4)).square().sum().backward()
        using.step()
        for parameter in network.parameters():
            parameter.grad = None


@pytest.mark.parametrize("name", step_names(STAGE))
def test_a_fresh_optimiser_goes_on_like_the_first(name: str) -> None:
    torch.manual_seed(0)
    network, other = nn.Linear(4, 2), nn.Linear(4, 2)
    first, second = optimizer(name, network), optimizer(name, other)
    steps(network, first, 3)
    other.load_state_dict(network.state_dict())
    kept = optimizer_tensors(first)
    restore_optimizer(second, kept)
    again = optimizer_tensors(second)
    assert list(again) == list(kept)
    assert all(torch.equal(again[key], kept[key]) for key in kept)
    assert all(again[key].dtype == kept[key].dtype for key in kept)
    steps(network, first, 2)
    steps(other, second, 2)
    assert torch.equal(network.weight, other.weight)


def test_numbers_and_tensors_come_back(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    write_checkpoint(tmp_path / "new", tensors, {**NUMBERS, "more": [1, "x"]})
    found = read_checkpoint(tmp_path / "new", "this")
    assert found is not None
    back, numbers = found
    assert {name: value.tolist() for name, value in back.items()} == {
        name: value.tolist() for name, value in tensors.items()
    }
    assert (numbers["more"], numbers["step"]) == ([1, "x"], 7)
    assert (tmp_path / "new/state-000000007.safetensors").is_file()


def test_the_state_before_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / "state.txt").write_text("not ours")
    for step in (7, 8):
        write_checkpoint(tmp_path, {"a": torch.ones(1)}, {**NUMBERS, "step": step})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint.json", "state-000000008.safetensors", "state.txt"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "belongs to other settings, data or versions"),
        ({"identity": "that"}, "belongs to other settings, data or versions"),
        ({"sha256": 64 * "0"}, "is damaged: its SHA-256 differs"),
        ({"file": "gone"}, r"cannot be read (FileNotFoundError)"),
        ({"file": 3}, r"cannot be read (TypeError)"),
        ({"sha256": None}, "is damaged: its SHA-256 differs"),
    ],
)
def test_another_checkpoint_is_set_aside_with_the_reason(
    tmp_path: Path, heard: Any, change: dict[str, Any], reason: str
) -> None:
    write_checkpoint(tmp_path, {"a": torch.ones(1)}, NUMBERS)
    index = tmp_path / "checkpoint.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), **change}))
    assert read_checkpoint(tmp_path, "this") is None
    assert heard.lines == [f"warning: the checkpoint {reason}; training starts from the beginning"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "{"])
def test_an_index_that_is_none_is_set_aside(tmp_path: Path, heard: Any, text: str) -> None:
    (tmp_path / "checkpoint.json").write_text(text)
    assert read_checkpoint(tmp_path, "this") is None
    assert len(heard.lines) == 1
    assert "cannot be read" in heard.lines[0]


def test_no_checkpoint_is_nothing_to_tell(tmp_path: Path, heard: Any) -> None:
    assert read_checkpoint(tmp_path / "none", "this") is None
    assert heard.lines == []


@pytest.mark.parametrize("decay", [0.05, 0.15, 0.9])
def test_an_average_moves_fast_at_first_and_then_by_its_decay(
    decay: float,
) -> None:
    """From 0 towards 1: at step n it keeps (1 + n) / (10 + n), and never more than its decay."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    average = Average(network, decay)
    nn.init.constant_(network.weight, 1.0)
    found = []
    for number in range(3):
        average.update(number)
        [weight] = average.network.parameters()
        found.append(float(weight.detach()))
    kept = [min(decay, (1 + number) / (10 + number)) for number in range(3)]
    left = [kept[0], kept[0] * kept[1], kept[0] * kept[1] * kept[2]]
    assert found == pytest.approx([1 - one for one in left], abs=1e-6)
