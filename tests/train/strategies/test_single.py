"""One process on one device: precisions, devices that are not there, exact resume of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stoker.cells.ragged import Ragged
from stoker.core.errors import MachineError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.networks.preparing import RaggedTensor, RawRows, preparing
from stoker.tasks.classify import FittedClassify
from stoker.train.batches import Batches
from stoker.train.losses import LossFunction, loss_of
from stoker.train.network_output import outputs
from stoker.train.settings import Settings
from stoker.train.speed import first_row, multiplications
from stoker.train.strategies import Strategy
from stoker.train.strategies.single import Single

PRECISIONS = ("float32", "tf32", "bfloat16", "float16")


def trained(tiny: Any, strategy: Strategy, **more: Any) -> Any:
    settings = Settings(
        epochs=4, batch_size=32, rate=3e-3, strategy=strategy, checkpoint_every_s=0, **more
    )
    return tiny.train(settings, model={"cnn": {"width": 4}})


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_learns(tiny: Any, precision: str) -> None:
    done = trained(tiny, Single.model_validate({"precision": precision}), gradient_clip=1.0)
    assert done.history[-1]["validation_accuracy"] > 0.8
    assert {p.dtype for p in done.network.parameters()} == {torch.float32}


def test_half_the_digits_are_near_all_of_them(tiny: Any) -> None:
    losses = [
        trained(tiny, Single.model_validate({"precision": name})).history[0]["validation_loss"]
        for name in ("float32", "bfloat16")
    ]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_killed_training_goes_on_bit_for_bit(
    make_tiny: Any, tmp_path: Any, weights_sha: Any, monkeypatch: Any, precision: str
) -> None:
    strategy = Single.model_validate({"precision": precision})
    whole = trained(make_tiny(tmp_path / "whole"), strategy, ema=0.9)
    tiny = make_tiny(tmp_path / "killed")

    class Killed(BaseException):
        pass

    load, calls = Batches.load, []

    def loads(self: Batches, epoch: int, chunk: int) -> Any:
        calls.append((epoch, chunk))
        if (epoch, chunk) == (2, 0) and len(calls) < 9:
            raise Killed
        return load(self, epoch, chunk)

    with monkeypatch.context() as patched:
        patched.setattr(Batches, "load", loads)
        with pytest.raises(Killed):
            trained(tiny, strategy, ema=0.9)
    again = trained(tiny, strategy, ema=0.9)
    assert again.history == whole.history
    assert weights_sha(again.network) == weights_sha(whole.network)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_only_losses_of_sixteen_bits_are_scaled(tiny: Any, precision: str) -> None:
    settings = Settings(batch_size=32, epochs=1)
    strategy = Single.model_validate({"precision": precision})
    loss = LossFunction(loss_of(tiny.task))
    engine = strategy.start(tiny.network("mlp"), loss, settings)
    scales = [name for name in engine.state() if name.startswith("scale.")]
    assert bool(scales) == (precision == "float16")


def test_pieces_of_a_batch_are_the_batch(tiny: Any) -> None:
    whole = trained(tiny, Single()).history[0]["validation_loss"]
    pieces = trained(tiny, Single(), accumulate=4).history[0]["validation_loss"]
    assert pieces == pytest.approx(whole, rel=0.2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has one")
def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(MachineError, match="no device 'cuda'") as caught:
        Single(device="cuda").place()
    assert "cpu" in str(caught.value)
    assert Single().place() == torch.device("cpu")


class MeanOfTokens(nn.Module):
    """Texts of any length to the mean of their tokens' vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.EmbeddingBag(9, 4, mode="mean", include_last_offset=True)
        self.head = nn.Linear(4, 2)

    def forward(self, raw: Mapping[str, Any]) -> Tensor:
        text = raw["text"]
        return self.head(self.vectors(text.values, text.offsets))


def test_rows_of_any_length_train_and_answer(tmp_path: Any) -> None:
    random = np.random.default_rng(0)
    lengths = random.integers(1, 9, 300)
    offsets = np.r_[0, np.cumsum(lengths)]
    label_N = np.arange(300) % 2
    # Texts of the second class are of the higher tokens.
    token_V = random.integers(0, 5, offsets[-1]) + 4 * np.repeat(label_N, lengths)
    form = {"text": Column("int32", ragged=True)}
    with PreparedWriter(tmp_path, "train", form, Column("int64")) as writer:
        tokens = Ragged(token_V.astype(np.int32), offsets)
        writer.append({"text": tokens}, target=label_N, row=np.arange(300))
    rows = PreparedSet.open(tmp_path, "train")
    settings = Settings(batch_size=16, rate=0.05, sampler={"packed": {"tokens": 64}})
    batches = Batches(rows, settings, num_outputs=2, seed=0)
    task = FittedClassify(classes=("a", "b"), counts=(150, 150), kind="text")
    engine = settings.strategy.start(MeanOfTokens(), settings.loss_for(task), settings)
    seen: list[int] = []
    for epoch in range(8):
        for number in range(batches.chunks_per_epoch):
            chunk = batches.load(epoch, number)
            inputs, target = engine.load(chunk)
            for start, stop in chunk.bounds:
                batch = inputs.rows(start, stop)
                assert isinstance(batch, RawRows)
                text = batch.raw["text"]
                assert isinstance(text, RaggedTensor)
                assert len(text.values) == int(text.offsets[-1]) <= 64
                engine.step(batch, target[start:stop], rate=0.05, number=0)
                seen.append(stop - start)
    assert sum(seen) == 8 * 300
    answer_N = outputs(engine.scored(), rows).argmax(1)
    assert (answer_N == label_N).mean() > 0.95


def test_a_network_without_halves_is_its_second_one() -> None:
    halves = preparing(nn.Linear(2, 1))
    assert preparing(halves) is halves


def test_the_work_of_a_network_is_counted_wherever_it_is(tiny: Any) -> None:
    rows = Batches(tiny.part("train"), Settings(), num_outputs=4, seed=0)
    network = tiny.network({"cnn": {"width": 4}})
    here = multiplications(network, first_row(rows))
    assert multiplications(network.to("meta"), first_row(rows)) == here
