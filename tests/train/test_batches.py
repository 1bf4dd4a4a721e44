"""The order of rows: every row once an epoch, and nothing but the position decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.cells.column import Column
from stoker.cells.ragged import Ragged
from stoker.data.prepare.prepared_set import PreparedSet, PreparedWriter
from stoker.networks.preparing import RaggedTensor, num_rows, tensors_between
from stoker.train.augment import Augmentation, Mix
from stoker.train.augment.shift import Shift
from stoker.train.batches import Batches
from stoker.train.chunk import Chunk
from stoker.train.samplers import batch_edges
from stoker.train.settings import Settings


@given(num_rows=st.integers(1, 500), batch_size=st.integers(1, 100))
def test_edges_cover_every_row_once_and_leave_no_lonely_row(num_rows: int, batch_size: int) -> None:
    edges = batch_edges(num_rows, batch_size)
    sizes = np.diff(edges)
    assert (edges[0], edges[-1]) == (0, num_rows)
    assert (sizes > 0).all()
    assert sizes.max() <= batch_size + 1
    assert (sizes[:-1] == batch_size).all()
    assert sizes.min() > 1 or batch_size == 1 or num_rows == 1


def batches_of(tiny: Any, batch_size: int = 8, augment: tuple[Augmentation, ...] = ()) -> Batches:
    part = tiny.part("train")
    told = Settings(batch_size=batch_size, augment=augment)
    return Batches(part, told, num_outputs=4, seed=0)


def picture_of(chunk: Chunk) -> torch.Tensor:
    picture = chunk.raw["图"]
    assert isinstance(picture, torch.Tensor)
    return picture


@settings(deadline=None, max_examples=10)
@given(batch_size=st.integers(1, 450))
def test_chunks_hold_the_rows_of_their_epoch(session_tiny: Any, batch_size: int) -> None:
    batches = batches_of(session_tiny, batch_size)
    part = session_tiny.part("train")
    seen, sizes = [], []
    for number in range(batches.chunks_per_epoch):
        chunk = batches.load(1, number)
        rows = batches.row_ids(1, number)
        position = np.searchsorted(part.row, rows)
        assert np.array_equal(picture_of(chunk).numpy(), part.columns["图"][position])
        assert np.array_equal(chunk.target.numpy(), part.target[position])
        assert chunk.bounds[0][0] == 0
        assert chunk.bounds[-1][1] == len(rows)
        sizes += [stop - start for start, stop in chunk.bounds]
        seen += rows.tolist()
    assert sorted(seen) == part.row.tolist()
    assert sizes == batches.sizes(1).tolist()
    assert len(sizes) == batches.per_epoch


def test_chunks_do_not_depend_on_those_before(tiny: Any) -> None:
    shifts = (Shift(pixels=2),)
    straight, jumping = batches_of(tiny, augment=shifts), batches_of(tiny, augment=shifts)
    for epoch in range(2):
        for number in range(straight.chunks_per_epoch):
            straight.load(epoch, number)
    expected = straight.load(2, 1)
    found = jumping.load(2, 1)
    assert torch.equal(picture_of(found), picture_of(expected))
    assert torch.equal(found.target, expected.target)


def test_epochs_and_chunks_draw_their_own_augmentation(tiny: Any) -> None:
    batches = batches_of(tiny, 400, augment=(Shift(pixels=2),))
    plain = batches_of(tiny, 400)
    part = tiny.part("train")
    pictures = []
    for epoch in range(2):
        chunk = batches.load(epoch, 0)
        rows = np.searchsorted(part.row, batches.row_ids(epoch, 0))
        back = np.argsort(rows)
        pictures.append(picture_of(chunk)[torch.from_numpy(back)].clone())
        assert not torch.equal(picture_of(chunk), picture_of(plain.load(epoch, 0)))
    assert not torch.equal(pictures[0][:300], pictures[1][:300])


def test_the_prepared_set_is_never_written(tiny: Any) -> None:
    part = tiny.part("train")
    before = part.columns["图"].copy()
    batches = batches_of(tiny, augment=(Shift(),))
    chunk = batches.load(0, 0)
    picture_of(chunk).zero_()
    assert np.array_equal(part.columns["图"], before)


@pytest.mark.parametrize("form", [Column("uint8", (3,)), Column("int64", ragged=True)])
def test_targets_of_any_form_come_with_their_rows(tmp_path: Path, form: Column) -> None:
    number_N = np.arange(20)
    length_N = number_N % 3 if form.ragged else np.ones(20, np.int64)
    values = np.repeat(number_N, length_N).astype(form.dtype)
    values = np.broadcast_to(values.reshape(-1, *[1] * len(form.shape)), (len(values), *form.shape))
    target = Ragged(values, np.r_[0, length_N.cumsum()]) if form.ragged else values
    with PreparedWriter(tmp_path, "train", {"x": Column("float64")}, form) as writer:
        writer.append({"x": number_N.astype(np.float64)}, target=target, row=number_N)
    batches = Batches(
        PreparedSet.open(tmp_path, "train"), Settings(batch_size=4), num_outputs=3, seed=1
    )
    chunk = batches.load(0, 0)
    for start, stop in chunk.bounds:
        some = tensors_between(chunk.target, start, stop)
        x_M = tensors_between(chunk.raw["x"], start, stop)
        assert isinstance(x_M, torch.Tensor)
        own = [target[int(x)] for x in x_M]
        found = some.values if isinstance(some, RaggedTensor) else some
        assert found.numpy().ravel().tolist() == np.concatenate(own).ravel().tolist()
        assert num_rows(some) == stop - start


def test_a_blend_of_vectors_blends_each_number() -> None:
    mix = Mix(torch.tensor([1, 0]), torch.tensor([0.75, 1.0]))
    blended = mix.targets(torch.tensor([[1, 0], [0, 1]], dtype=torch.uint8), 2)
    assert blended.tolist() == [[0.75, 0.25], [0.0, 1.0]]
