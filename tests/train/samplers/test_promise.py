"""What every sampler promises, checked on each file of the stage."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.cells.ragged import Ragged
from stoker.core.errors import RecipeError
from stoker.core.steps import find_step, step_names
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.testing import assert_equal_after_resume
from stoker.train.samplers import STAGE, Epoch, Sampler
from stoker.train.samplers.bucketed import Bucketed
from stoker.train.samplers.packed import Packed
from stoker.train.samplers.partners import Partners
from stoker.train.samplers.rows import Rows
from stoker.train.samplers.weighted import Weighted

SAMPLERS = [find_step(STAGE, name, Sampler)() for name in step_names(STAGE)]
NAMES = pytest.mark.parametrize("sampler", SAMPLERS, ids=step_names(STAGE))
SIZE = 203


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> PreparedSet:
    """Texts of 1 to 99 tokens, nine in ten of the first of two classes."""
    folder = tmp_path_factory.mktemp("texts")
    random = np.random.default_rng(0)
    offsets = np.r_[0, np.cumsum(random.integers(1, 100, SIZE))]
    tokens = Ragged(random.integers(0, 9, offsets[-1], dtype=np.int32), offsets)
    label_N = (np.arange(SIZE) % 10 == 0).astype(np.int64)
    with PreparedWriter(
        folder, "train", {"text": Column("int32", ragged=True)}, Column("int64")
    ) as writer:
        writer.append({"text": tokens}, target=label_N, row=np.arange(SIZE))
    return PreparedSet.open(folder, "train")


def pieces(epoch: Epoch) -> list[np.ndarray]:
    return np.split(epoch.order, epoch.edges[1:-1])


@NAMES
@pytest.mark.parametrize("batch_size", [1, 8, 202, 1000])
def test_a_resumed_training_meets_the_same_batches(
    sampler: Sampler, rows: PreparedSet, batch_size: int
) -> None:
    assert_equal_after_resume(sampler, rows, batch_size=batch_size)


@NAMES
def test_epochs_and_seeds_differ(sampler: Sampler, rows: PreparedSet) -> None:
    draw, other = (sampler.start(rows, 8, seed) for seed in (1, 2))
    assert not np.array_equal(draw(0).order, draw(1).order)
    assert not np.array_equal(draw(0).order, other(0).order)


@NAMES
def test_rows_of_a_batch_are_at_most_those_asked_for(sampler: Sampler, rows: PreparedSet) -> None:
    # One more joins where it would be alone.
    assert max(map(len, pieces(sampler.start(rows, 8, seed=0)(0)))) <= 9


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=9), world=st.integers(1, 9))
def test_processes_share_each_batch(sizes: list[int], world: int) -> None:
    whole = Epoch(np.arange(sum(sizes)), np.r_[0, np.cumsum(sizes)])
    shares = [whole.share(rank, world) for rank in range(world)]
    for number, batch in enumerate(pieces(whole)):
        parts = [one.order[one.edges[number] : one.edges[number + 1]] for one in shares]
        assert np.array_equal(np.concatenate(parts), batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("sampler", [Rows(), Bucketed(), Packed(), Partners()])
def test_every_row_comes_once(sampler: Sampler, rows: PreparedSet) -> None:
    for epoch in range(3):
        order = sampler.start(rows, 8, seed=0)(epoch).order
        assert sorted(order.tolist()) == list(range(SIZE))


def test_rare_classes_are_drawn_oftener(rows: PreparedSet) -> None:
    draws = [Weighted().start(rows, 8, seed=0)(epoch).order for epoch in range(50)]
    assert rows.target[np.concatenate(draws)].mean() == pytest.approx(0.5, abs=0.02)
    plain = Weighted(balance=0).start(rows, 8, seed=0)
    share = rows.target[np.concatenate([plain(epoch).order for epoch in range(50)])].mean()
    assert share == pytest.approx(rows.target.mean(), abs=0.02)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_what_is_drawn_oftener_is_known(rows: PreparedSet, balance: float) -> None:
    sampler = Weighted(balance=balance)
    draws = [sampler.start(rows, 8, seed=0)(epoch).order for epoch in range(50)]
    drawn_K = np.bincount(rows.target[np.concatenate(draws)]) / 50
    count_K = np.bincount(rows.target)
    np.testing.assert_allclose(drawn_K / count_K, sampler.drawn_K(count_K), rtol=0.06)


def test_bucketed_rows_are_of_like_length(rows: PreparedSet) -> None:
    length_N = rows.ragged["text"].lengths

    def padded(sampler: Sampler) -> float:
        found = pieces(sampler.start(rows, 8, seed=0)(0))
        return sum(len(one) * length_N[one].max() for one in found) / length_N.sum()

    assert padded(Bucketed()) < 1.15 < 1.6 < padded(Rows())


@pytest.mark.parametrize(("shortest", "are_50_enough"), [(900, True), (1, False)])
def test_buckets_are_as_long_as_a_hundredth_of_padding_needs(
    tmp_path: Path, shortest: int, are_50_enough: bool
) -> None:
    count = 3_200
    length_N = np.random.default_rng(1).integers(shortest, 1_001, count)
    form, target = {"t": Column("int32", ragged=True)}, Column("int64")
    with PreparedWriter(tmp_path, "train", form, target) as writer:
        texts = Ragged(np.zeros(int(length_N.sum()), np.int32), np.r_[0, np.cumsum(length_N)])
        writer.append({"t": texts}, target=np.zeros(count, np.int64), row=np.arange(count))
    rows = PreparedSet.open(tmp_path, "train")

    def padded(sampler: Bucketed) -> float:
        found = pieces(sampler.start(rows, 8, seed=0)(1))
        return 1 - length_N.sum() / sum(len(one) * length_N[one].max() for one in found)

    assert padded(Bucketed()) < 0.012
    assert (padded(Bucketed(batches=50)) < 0.012) == are_50_enough


@pytest.mark.parametrize("tokens", [100, 99, 500, 1])
def test_packs_hold_at_most_their_tokens(rows: PreparedSet, tokens: int) -> None:
    length_N = rows.ragged["text"].lengths
    for pack in pieces(Packed(tokens=tokens).start(rows, 64, seed=0)(0)):
        assert length_N[pack].sum() <= tokens or len(pack) == 1


def test_packs_are_nearly_full(rows: PreparedSet) -> None:
    length_N = rows.ragged["text"].lengths
    packs = pieces(Packed(tokens=500).start(rows, 64, seed=0)(0))
    assert len(packs) == -(-length_N.sum() // 500)


@pytest.mark.parametrize("sampler", [Bucketed(), Packed()])
def test_rows_of_one_length_are_refused(sampler: Sampler, tmp_path: Path) -> None:
    with PreparedWriter(tmp_path, "train", {"age": Column("float64")}, Column("float32")) as writer:
        writer.append({"age": np.ones(3)}, target=np.ones(3, np.float32), row=np.arange(3))
    part = PreparedSet.open(tmp_path, "train")
    with pytest.raises(RecipeError, match="goes by the length of rows"):
        sampler.start(part, 2, seed=0)
    with pytest.raises(RecipeError, match="goes by one class a row"):
        Weighted().start(part, 2, seed=0)
    with pytest.raises(RecipeError, match="what belongs together"):
        Partners().start(part, 2, seed=0)


@pytest.mark.parametrize("together", [2, 3])
def test_rows_that_belong_together_meet(tmp_path: Path, together: int) -> None:
    """Of 60 topics of two rows, of one of five and of one alone; numbers of any size and sign."""
    topic_N = np.r_[np.repeat(np.arange(60), 2), np.full(5, -(2**62)), 2**62]
    with PreparedWriter(tmp_path, "train", {"age": Column("float64")}, Column("int64")) as writer:
        writer.append({"age": np.ones(126)}, target=topic_N, row=np.arange(126))
    part = PreparedSet.open(tmp_path, "train")
    epochs = [Partners(together=together).start(part, 12, seed=0)(one) for one in range(9)]
    for epoch in epochs:
        batches = pieces(epoch)
        assert max(map(len, batches)) <= 12
        for topic in range(60):
            assert sum(topic in topic_N[batch] for batch in batches) == 1
    met = {
        frozenset(pair)
        for epoch in epochs
        for batch in pieces(epoch)
        for pair in combinations(np.flatnonzero(np.isin(np.arange(126), batch) & (topic_N < 0)), 2)
    }
    assert len(met) == 10, "each two rows of the topic of five meet in some epoch"
