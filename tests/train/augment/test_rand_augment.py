"""RandAugment: what each of its operations does to pixels, against plain loops."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch
from torch import Tensor

from stoker.train.augment import rand_augment
from stoker.train.augment.rand_augment import OPERATIONS, Operation, RandAugment

STILL = {"rotate", "shear_x", "shear_y", "move_x", "move_y", "brightness", "contrast", "colour"} | {
    "same",
    "sharpness",
    "posterize",
    "solarize",
}


def pictures(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(20, 200, shape, dtype=torch.uint8, generator=generator)


def name_of(operation: Operation) -> str:
    return getattr(operation, "__name__", "")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_operation_keeps_the_form_and_looks_at_one_picture_at_a_time(
    operation: Operation, channels: int
) -> None:
    image, strength = pictures(5, channels, 9, 7), torch.tensor([-1.0, -0.3, 0.0, 0.3, 1.0])
    before = image.clone()
    together = operation(image, strength)
    assert torch.equal(image, before)
    assert (together.dtype, together.shape) == (torch.uint8, image.shape)
    for i in range(5):
        alone = operation(image[i : i + 1], strength[i : i + 1])
        assert torch.equal(alone[0], together[i])
    if name_of(operation) in STILL:
        assert torch.equal(operation(image, torch.zeros(5)), image)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_operation_but_one_changes_a_colour_picture(operation: Operation) -> None:
    image = pictures(4, 3, 16, 16)
    changed = operation(image, torch.tensor([0.3, -0.3, 1.0, -1.0]))
    same = (changed == image).flatten(1).all(1)
    assert same.all() if name_of(operation) == "same" else not same.any()


def test_light_is_a_blend_with_black_grey_or_a_smooth_picture() -> None:
    image = pictures(1, 3, 6, 6)
    half = torch.tensor([-0.5])
    value = image.double().numpy()[0]
    grey = 0.299 * value[0] + 0.587 * value[1] + 0.114 * value[2]
    for operation, other in (
        (rand_augment.brightness, 0.0),
        (rand_augment.contrast, grey.mean()),
        (rand_augment.colour, grey),
    ):
        expected = other + (value - other) * 0.55
        found = operation(image, half)[0].numpy()
        assert np.abs(found - expected).max() <= 0.51


def test_bits_and_bright_pixels() -> None:
    image = torch.tensor([0, 17, 100, 130, 255], dtype=torch.uint8).view(1, 1, 1, 5)
    strongest, half = torch.ones(1), torch.full((1,), 0.5)
    assert rand_augment.posterize(image, strongest).flatten().tolist() == [0, 16, 96, 128, 240]
    assert rand_augment.solarize(image, half).flatten().tolist() == [0, 17, 100, 125, 0]
    assert rand_augment.autocontrast(image, half).flatten().tolist() == [0, 17, 100, 130, 255]


def test_an_equalised_channel_has_its_levels_by_rank() -> None:
    image = torch.tensor([10, 10, 10, 11, 200, 200], dtype=torch.uint8).view(1, 1, 2, 3)
    found = rand_augment.equalize(image, torch.zeros(1)).flatten().tolist()
    assert found == [0, 0, 0, 85, 255, 255]
    flat = torch.full((1, 1, 2, 2), 77, dtype=torch.uint8)
    assert torch.equal(rand_augment.equalize(flat, torch.zeros(1)), flat)
    assert torch.equal(rand_augment.autocontrast(flat, torch.zeros(1)), flat)


def test_operations_are_drawn_alike_and_as_many_as_asked_for() -> None:
    image = pictures(1, 3, 12, 12).expand(1400, -1, -1, -1)
    once = RandAugment(operations=1, magnitude=30).augment(image, torch.Generator().manual_seed(0))
    seen = Counter(picture.numpy().tobytes() for picture in once)
    two_sided = [
        2 if name_of(o) in STILL - {"same", "posterize", "solarize"} else 1 for o in OPERATIONS
    ]
    assert len(seen) == sum(two_sided)
    assert seen[image[0].numpy().tobytes()] == pytest.approx(100, abs=40)
    thrice = RandAugment(operations=3).augment(image, torch.Generator().manual_seed(0))
    assert len(thrice.unique(dim=0)) > 300


def where(image: Tensor) -> tuple[float, float]:
    """The middle of what is bright, from the middle of the picture, right and down."""
    weight_HW = image[0, 0].double()
    height, width = weight_HW.shape
    right_W = torch.arange(width) - (width - 1) / 2
    down_H = torch.arange(height) - (height - 1) / 2
    total = weight_HW.sum()
    right, down = (weight_HW.sum(0) * right_W).sum(), (weight_HW.sum(1) * down_H).sum()
    return float(right / total), float(down / total)


@pytest.mark.parametrize("side", [-1.0, -0.5, 0.5, 1.0])
def test_shapes_go_as_far_as_the_strength_says(side: float) -> None:
    """At the strongest: 30 degrees, a slope of 0.3, and 0.45 of a side."""
    image = torch.zeros(1, 1, 101, 81, dtype=torch.uint8)
    strength = torch.tensor([side])
    image[:, :, 48:53, 62:67] = 250  # 24 right of the middle
    right, down = where(rand_augment.rotate(image, strength))
    assert math.degrees(abs(math.atan2(down, right))) == pytest.approx(30 * abs(side), abs=0.5)
    assert math.hypot(right, down) == pytest.approx(24, abs=0.3)
    right, down = where(rand_augment.shear_y(image, strength))
    assert (right, abs(down)) == (
        pytest.approx(24, abs=0.3),
        pytest.approx(7.2 * abs(side), abs=0.4),
    )
    small = torch.zeros(1, 1, 101, 81, dtype=torch.uint8)
    small[:, :, 48:53, 38:43] = 250
    right, down = where(rand_augment.move_x(small, strength))
    assert (abs(right), down) == (pytest.approx(0.45 * 81 * abs(side), abs=0.6), pytest.approx(0))
    right, down = where(rand_augment.move_y(small, strength))
    assert (right, abs(down)) == (pytest.approx(0), pytest.approx(0.45 * 101 * abs(side), abs=0.6))
    low = torch.zeros(1, 1, 101, 81, dtype=torch.uint8)
    low[:, :, 68:73, 38:43] = 250  # 20 below
    right, down = where(rand_augment.shear_x(low, strength))
    assert (abs(right), down) == (pytest.approx(6 * abs(side), abs=0.4), pytest.approx(20, abs=0.3))
