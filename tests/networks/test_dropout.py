"""Dropout: the share that it says, the mean that there was, the same for the same seed."""

from __future__ import annotations

import pytest
import torch

from stoker.networks.dropout import Dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_mean_are_those_that_were_asked_for(rate: float) -> None:
    torch.manual_seed(0)
    found = Dropout(rate)(torch.ones(999, 1001))
    assert (found == 0).double().mean().item() == pytest.approx(rate, abs=2e-3)
    assert found.double().mean().item() == pytest.approx(1, abs=1e-2)
    kept = round(1 - round(rate * 65536) / 65536, 9)
    assert found.unique().tolist() == pytest.approx([0.0, 1 / kept])


def test_places_are_drawn_each_for_itself() -> None:
    torch.manual_seed(0)
    dropped = (Dropout(0.5)(torch.ones(1 << 18)) == 0).double()
    for lag in (1, 2, 3, 4, 8):
        together = (dropped[:-lag] * dropped[lag:]).mean().item()
        assert together == pytest.approx(0.25, abs=4e-3)


def test_equal_seeds_drop_equal_places_and_gradients_go_through_the_rest() -> None:
    value = torch.ones(7, 5, requires_grad=True)
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(Dropout(0.3)(value))
    assert torch.equal(*found)
    found[0].sum().backward()
    assert value.grad is not None
    assert torch.equal(value.grad, found[0].detach())


def test_nothing_is_dropped_outside_of_training_or_at_rate_0() -> None:
    value = torch.randn(4, 4)
    assert torch.equal(Dropout(0.3).eval()(value), value)
    assert torch.equal(Dropout(0.0)(value), value)
