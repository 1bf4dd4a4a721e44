"""Outputs of a network on a prepared set: where its rows go, and how many at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from stoker.train import network_output
from stoker.train.network_output import outputs


class Noting(torch.nn.Module):
    """Answers each row with its first pixel, and notes what it was given."""

    def __init__(self, device: str = "cpu") -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1, device=device))
        self.seen: list[tuple[str, int, bool]] = []

    def forward(self, raw: dict[str, torch.Tensor]) -> torch.Tensor:
        image = raw["图"]
        self.seen.append((image.device.type, len(image), self.training))
        if image.device.type == "meta":
            return torch.zeros(len(image), 1)
        return image.flatten(1)[:, :1].double()


def test_rows_go_where_the_weights_are(tiny: Any) -> None:
    network = Noting("meta")
    outputs(network, tiny.part("validation"))
    assert {device for device, _, _ in network.seen} == {"meta"}


@pytest.mark.parametrize("was_training", [True, False])
def test_rows_are_answered_in_order_and_the_mode_is_as_it_was(
    tiny: Any, was_training: bool
) -> None:
    network, part = Noting(), tiny.part("validation")
    network.train(was_training)
    found_NK = outputs(network, part)
    assert found_NK.dtype == np.float32
    assert np.array_equal(found_NK[:, 0], part.columns["图"][:, 0, 0, 0])
    assert network.training == was_training
    assert not any(training for _, _, training in network.seen)


def test_a_batch_has_as_many_rows_as_its_bytes_hold_and_sixteen_at_least(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of 64 pixels is 256 bytes of float32."""
    sizes = []
    for size_bytes in (256 * 20, 256 * 21 - 1, 256 * 15, 1, 1 << 40):
        monkeypatch.setattr(network_output, "_BATCH_BYTES", size_bytes)
        network = Noting()
        outputs(network, tiny.part("validation"))
        sizes.append([size for _, size, _ in network.seen])
    assert sizes == [[20] * 3, [20] * 3, [16, 16, 16, 12], [16, 16, 16, 12], [60]]


def test_pieces_of_rows_have_at_most_their_size() -> None:
    for count, sizes in ((1, [1]), (3, [3]), (4, [3, 1]), (9, [3, 3, 3]), (10, [3, 3, 3, 1])):
        pieces = network_output._cut(np.arange(count) * 2, 3)
        assert [len(piece) for piece in pieces] == sizes
        assert np.concatenate(pieces).tolist() == list(range(0, 2 * count, 2))
