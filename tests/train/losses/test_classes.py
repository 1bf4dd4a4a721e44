"""Losses of classes: those of torch, with weights, smoothing and soft targets."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from stoker.core.errors import RecipeError
from stoker.train.losses.cross_entropy import CrossEntropy
from stoker.train.losses.focal import Focal
from stoker.train.losses.mse import Mse

batches = st.tuples(st.integers(0, 2**31), st.sampled_from([0.0, 0.1]), st.booleans())
LOSSES = pytest.mark.parametrize("loss", [CrossEntropy(), Focal()], ids=["cross_entropy", "focal"])


def batch(seed: int, weighted: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    generator = torch.Generator().manual_seed(seed)
    output = torch.randn(12, 3, generator=generator)
    target = torch.randint(0, 3, (12,), generator=generator)
    return output, target, torch.rand(3, generator=generator) + 0.1 if weighted else None


@settings(deadline=None)
@given(batches)
def test_cross_entropy_is_that_of_torch_per_row(case: tuple[int, float, bool]) -> None:
    seed, smoothing, weighted = case
    output, target, weight = batch(seed, weighted)
    ours = CrossEntropy()(output, target, weight_K=weight, label_smoothing=smoothing)
    each = functional.cross_entropy(
        output, target, weight, label_smoothing=smoothing, reduction="none"
    )
    torch.testing.assert_close(ours, each.mean())


@LOSSES
@settings(deadline=None)
@given(batches)
def test_one_hot_targets_cost_as_much_as_codes(
    loss: CrossEntropy | Focal, case: tuple[int, float, bool]
) -> None:
    seed, smoothing, weighted = case
    output, target, weight = batch(seed, weighted)
    hard = loss(output, target, weight_K=weight, label_smoothing=smoothing)
    one_hot = functional.one_hot(target, 3).float()
    soft = loss(output, one_hot, weight_K=weight, label_smoothing=smoothing)
    torch.testing.assert_close(soft, hard)


@LOSSES
@settings(deadline=None)
@given(batches)
def test_weighted_micro_batches_average_to_the_whole(
    loss: CrossEntropy | Focal, case: tuple[int, float, bool]
) -> None:
    seed, smoothing, weighted = case
    output, target, weight = batch(seed, weighted)
    whole = loss(output, target, weight_K=weight, label_smoothing=smoothing)
    parts = [
        loss(o, t, weight_K=weight, label_smoothing=smoothing)
        for o, t in zip(output.chunk(3), target.chunk(3), strict=True)
    ]
    torch.testing.assert_close(torch.stack(parts).mean(), whole)


@settings(deadline=None)
@given(batches)
def test_focal_without_gamma_is_cross_entropy(case: tuple[int, float, bool]) -> None:
    seed, smoothing, weighted = case
    output, target, weight = batch(seed, weighted)
    found = [
        loss(output, target, weight_K=weight, label_smoothing=smoothing)
        for loss in (Focal(gamma=0), CrossEntropy())
    ]
    torch.testing.assert_close(*found)


def test_focal_is_its_formula() -> None:
    output, target, _ = batch(3, weighted=False)
    p_N = output.softmax(1)[torch.arange(12), target]
    expected = -((1 - p_N) ** 1.5 * p_N.log()).mean()
    torch.testing.assert_close(Focal(gamma=1.5)(output, target), expected)


def test_numbers_have_neither_weights_nor_smoothing() -> None:
    output, target = torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 1.0])
    assert Mse()(output, target).item() == 2.5
    with pytest.raises(RecipeError, match="mean nothing"):
        Mse()(output, target, label_smoothing=0.1)
