"""Augmentations: what all of them promise, and parity with plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stoker.core.steps import find_step, step_names
from stoker.train.augment import (
    Augmentation,
    ImageAugmentation,
    Mix,
    MixingAugmentation,
)
from stoker.train.augment.crop import Crop
from stoker.train.augment.cutout import Cutout, _covered
from stoker.train.augment.flip import Flip
from stoker.train.augment.mixup import Mixup
from stoker.train.augment.rotate import Rotate
from stoker.train.augment.shift import Shift

STAGE = "stoker.train.augment"
SHAPES = [(16, 1, 28, 28), (5, 3, 8, 12), (1, 4, 3, 2), (3, 1, 1, 1)]


def pictures(shape: tuple[int, ...]) -> Tensor:
    return torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )


def apply(step: Augmentation, image: Tensor, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if isinstance(step, ImageAugmentation):
        return step.augment(image, generator)
    assert isinstance(step, MixingAugmentation)
    return step.draw(len(image), generator).images(image)


@pytest.fixture(params=step_names(STAGE))
def step(request: pytest.FixtureRequest) -> Augmentation:
    return find_step(STAGE, request.param, Augmentation)()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_keeps_shape_type_and_input(step: Augmentation, shape: tuple[int, ...]) -> None:
    image = pictures(shape)
    before = image.clone()
    changed = apply(step, image)
    assert changed.shape == image.shape
    assert changed.dtype == torch.uint8
    assert torch.equal(image, before)


def test_equal_generators_give_equal_pictures(step: Augmentation) -> None:
    image = pictures((16, 1, 28, 28))
    assert torch.equal(apply(step, image), apply(step, image))
    assert not torch.equal(apply(step, image), apply(step, image, seed=1))


def test_every_sample_draws_its_own(step: Augmentation) -> None:
    image = pictures((1, 1, 28, 28)).expand(64, -1, -1, -1)
    if isinstance(step, MixingAugmentation):
        shares = step.draw(64, torch.Generator().manual_seed(0)).share_N
        assert len(shares.unique()) > 32
        return
    assert len(apply(step, image).unique(dim=0)) > 1


def test_shift_reads_a_window_of_the_framed_picture() -> None:
    image = pictures((40, 2, 5, 7))
    changed = apply(Shift(pixels=2), image)
    frame = [(0, 0), (0, 0), (2, 2), (2, 2)]
    framed = torch.from_numpy(np.pad(image.numpy(), frame, mode="edge"))
    for before, after in zip(framed, changed, strict=True):
        windows = [before[:, y : y + 5, x : x + 7] for y in range(5) for x in range(5)]
        assert any(torch.equal(after, window) for window in windows)


def test_nothing_asked_for_changes_nothing() -> None:
    image = pictures((8, 3, 10, 9))
    for still in (Shift(pixels=0), Rotate(degrees=0), Crop(smallest=1)):
        assert torch.equal(apply(still, image), image)


def test_a_half_turn_and_back_is_the_picture() -> None:
    from stoker.train.augment._warp import warp

    image = pictures((4, 1, 6, 9))
    half = torch.tensor([[-1.0, 0, 0], [0, -1, 0]]).expand(4, 2, 3)
    assert torch.equal(warp(image, half), image.flip((2, 3)))
    assert torch.equal(warp(warp(image, half), half), image)


def test_flip_mirrors_about_half_of_the_pictures() -> None:
    image = pictures((400, 1, 4, 4))
    for direction, axis in (("horizontal", 3), ("vertical", 2)):
        changed = apply(Flip.model_validate({"direction": direction}), image)
        mirrored = (changed == image.flip(axis)).flatten(1).all(1)
        kept = (changed == image).flatten(1).all(1)
        assert (mirrored | kept).all()
        assert 150 < int(mirrored.sum()) < 250


def test_cutout_covers_at_most_its_square_with_the_mean() -> None:
    image = pictures((50, 3, 20, 16))
    changed = apply(Cutout(size=0.25), image)
    touched = (changed != image).any(1)
    assert int(touched.flatten(1).sum(1).max()) <= 16
    mean = image.float().mean((2, 3)).round().byte()
    for picture, where, colour in zip(changed, touched, mean, strict=True):
        assert (picture[:, where] == colour[:, None]).all()


@settings(deadline=None)
@given(alpha=st.floats(0.05, 5), num_rows=st.integers(1, 50))
def test_mixed_targets_are_shares_that_sum_to_one(alpha: float, num_rows: int) -> None:
    mix = Mixup(alpha=alpha).draw(num_rows, torch.Generator().manual_seed(3))
    code = torch.arange(num_rows) % 3
    blended = mix.targets(code, 3)
    torch.testing.assert_close(blended.sum(1), torch.ones(num_rows))
    assert (blended.gather(1, code[:, None])[:, 0] >= 0.5 - 1e-6).all()
    assert sorted(mix.partner_N.tolist()) == list(range(num_rows))


def test_mixing_blends_pictures_and_values_alike() -> None:
    mix = Mix(torch.tensor([1, 0]), torch.tensor([0.75, 1.0]))
    image = torch.tensor([0, 100], dtype=torch.uint8).view(2, 1, 1, 1)
    assert mix.images(image).flatten().tolist() == [25, 100]
    assert mix.targets(torch.tensor([0.0, 100.0]), 1).tolist() == [25.0, 100.0]


def test_mixup_draws_anew_each_time() -> None:
    """Shares come from a seed that torch draws; of 400 draws hardly two are alike."""
    generator = torch.Generator().manual_seed(0)
    drawn = {float(Mixup(alpha=1.0).draw(1, generator).share_N[0]) for _ in range(400)}
    assert len(drawn) > 390


@pytest.mark.parametrize(("length", "side"), [(12, 6), (12, 2), (6, 6)])
def test_a_square_has_its_centre_anywhere_and_at_least_half_of_it_is_seen(
    length: int, side: int
) -> None:
    covered_NL = _covered(4000, length, side, torch.Generator().manual_seed(0))
    first_N, last_N = covered_NL.int().argmax(1), length - 1 - covered_NL.flip(1).int().argmax(1)
    count_N = covered_NL.sum(1)
    assert torch.equal(count_N, last_N - first_N + 1), "in one piece"
    assert int(count_N.max()) == side
    for at_edge_N in (first_N == 0, last_N == length - 1):
        assert int(count_N[at_edge_N].min()) == side // 2
    inner_N = (first_N > 0) & (last_N < length - 1)
    assert (count_N[inner_N] == side).all()
    assert covered_NL.any(0).all()


@pytest.mark.parametrize(("size", "side"), [(0.01, 1), (0.25, 4), (0.28, 4), (0.29, 5), (1.0, 16)])
def test_a_square_is_a_share_of_the_shorter_side(size: float, side: int) -> None:
    image = torch.zeros(200, 1, 24, 16, dtype=torch.uint8)
    image[:, :, ::2] = 200
    covered_NHW = (apply(Cutout(size=size), image) == 100)[:, 0]
    assert int(covered_NHW.any(2).sum(1).max()) == side
    assert int(covered_NHW.any(1).sum(1).max()) == side
