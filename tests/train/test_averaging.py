"""The average follows as its docstring says, and holds what is scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from stoker.train.averaging import Average


def follow(decay: float, weights: list[float]) -> list[float]:
    """The average after each step of a network that had the first weight at the start."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, weights[0])
    average, found = Average(network, decay), []
    for step, weight in enumerate(weights[1:]):
        nn.init.constant_(network.weight, weight)
        average.update(step)
        found.append(float(average.network.state_dict()["weight"]))
    return found


def test_the_first_steps_forget_the_random_weights() -> None:
    """A tenth of them is left after a step, 1/55 after two, 1/220 after three."""
    assert follow(0.999, [1.0, 0.0, 0.0, 0.0]) == pytest.approx([1 / 10, 1 / 55, 1 / 220])


def test_the_decay_grows_until_it_is_the_one_that_was_asked_for() -> None:
    """(1 + step) / (10 + step) is 0.9 at step 80."""
    weights = np.random.default_rng(0).normal(size=100).tolist()
    found = follow(0.9, weights)
    kept = [
        (after - weight) / (before - weight)
        for before, after, weight in zip(found, found[1:], weights[2:], strict=False)
    ]
    grown = [(1 + step) / (10 + step) for step in range(1, 99)]
    assert kept[:79] == pytest.approx(grown[:79], abs=1e-4)
    assert kept[79:] == pytest.approx([0.9] * len(kept[79:]), abs=1e-4)


def test_statistics_are_averaged_and_whole_numbers_copied() -> None:
    network = nn.BatchNorm1d(1)
    average = Average(network, 0.5)
    network(torch.full((4, 1), 10.0))
    average.update(step=0)
    assert float(network.state_dict()["running_mean"]) == 1
    averaged = average.finish().state_dict()
    assert float(averaged["running_mean"]) == pytest.approx(0.9)
    assert int(averaged["num_batches_tracked"]) == 1
    assert not any(weight.requires_grad for weight in average.network.parameters())
