"""The frozen backbone: weights are read without running anything, and heads are fitted on top."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.numpy import save
from torch import nn
from torch.nn import functional

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core.errors import DataError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models._backbone import folded, read_weights
from stoker.models.pretrained import Pretrained
from stoker.networks.efficientnet_lite import EfficientNetLite, SameConv
from stoker.networks.graph_names import graph_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

TERNARY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
NUMBER = FittedRegress(mean=0, std=1, low=-9, high=9)
SIDE = 32


def first_form(values: object) -> io.BytesIO:
    """What torch wrote before its files were archives."""
    stream = io.BytesIO()
    torch.save(values, stream, _use_new_zipfile_serialization=False)
    stream.seek(0)
    return stream


def test_tensors_of_a_file_of_the_first_form_are_those_that_torch_wrote() -> None:
    base = torch.arange(24.0).view(2, 3, 4)
    values = OrderedDict(
        a=base, turned=base.transpose(0, 2), part=base[1:], count=torch.tensor(7), one=torch.ones(1)
    )
    found = read_weights(first_form(values))
    assert list(found) == list(values)
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value.numpy())


@pytest.mark.parametrize("value", [nn.Linear(1, 1), {"x": slice(1)}, Path("x")])
def test_a_file_that_names_anything_but_tensors_is_refused(value: object) -> None:
    stream = io.BytesIO()
    for part in (0, 1001, {}, value, []):
        pickle.dump(part, stream, protocol=2)
    stream.seek(0)
    with pytest.raises(DataError, match="the file of weights names"):
        read_weights(stream)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(share: float) -> None:
    whole = first_form(OrderedDict(a=torch.ones(50))).getvalue()
    with pytest.raises(DataError, match="cannot be read as weights"):
        read_weights(io.BytesIO(whole[: int(share * len(whole))]))


def test_a_folded_convolution_answers_as_with_its_norm() -> None:
    torch.manual_seed(0)
    convolution, norm = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, eps=1e-3).eval()
    state = {"_conv_stem.weight": convolution.weight}
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(norm, name).data.uniform_(0.5, 2)
        state[f"_bn0.{name}"] = getattr(norm, name)
    arrays = {name: value.detach().numpy() for name, value in state.items()}
    head = {
        name.replace("_conv_stem", "_conv_head").replace("_bn0", "_bn1"): a
        for name, a in arrays.items()
    }
    found = {name: torch.from_numpy(a) for name, a in folded({**arrays, **head}).items()}
    image = torch.randn(2, 3, 8, 8)
    answer = functional.conv2d(
        image, found["stem.convolution.weight"], found["stem.convolution.bias"]
    )
    torch.testing.assert_close(answer, norm(convolution(image)))


@pytest.mark.parametrize(("side", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (8, 5, 2), (9, 5, 1)])
def test_padding_is_that_of_tensorflow(side: int, kernel: int, stride: int) -> None:
    """Output i begins at i * stride - before, where `before` is half of what lacks."""
    layer = SameConv(1, 1, kernel, side=side, stride=stride)
    with torch.no_grad():
        layer.convolution.weight.fill_(1)
        assert layer.convolution.bias is not None
        layer.convolution.bias.zero_()
        found = layer(torch.ones(1, 1, side, side))[0, 0]
    size = -(-side // stride)
    before = max((size - 1) * stride + kernel - side, 0) // 2
    starts = [i * stride - before for i in range(size)]
    covered = [min(start + kernel, side) - max(start, 0) for start in starts]
    np.testing.assert_allclose(found.numpy(), np.outer(covered, covered), atol=1e-4)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("backbone")
    state = EfficientNetLite(SIDE).state_dict()
    (folder / "model.safetensors").write_bytes(save({n: v.numpy() for n, v in state.items()}))
    return folder


def make_part(folder: Path, part: str, task: FittedTask, rows: int, seed: int) -> PreparedSet:
    """Pictures whose brightness tells, a number that tells more, and a code that says nothing."""
    random = np.random.default_rng(seed)
    light = random.integers(0, 200, rows)
    pixel = (random.integers(0, 56, (rows, 3, SIDE, SIDE)) + light[:, None, None, None]).astype(
        "u1"
    )
    number = random.normal(size=rows)
    signal = light / 100 + 2 * number
    target = np.digitize(signal, [0.2, 1.8]).astype(np.int64)
    if task.output.width == 1:
        target = (signal - 1.0).astype(np.float32)
    number[random.random(rows) < 0.1] = np.nan
    columns = {
        "image": Column("uint8", (3, SIDE, SIDE)), "数": Column("float64"), "code": Column("int32")
    }  # fmt: skip
    made = {"image": pixel, "数": number, "code": random.integers(0, 4, rows).astype(np.int32)}
    folder.mkdir(exist_ok=True)
    with PreparedWriter(folder, part, columns, task.target_form) as writer:
        writer.append(made, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


def fit(folder: Path, weights: Path, task: FittedTask) -> tuple[Fitted, PreparedSet]:
    train, validation = (
        make_part(folder / str(len(list(folder.iterdir()))), part, task, rows, seed)
        for part, rows, seed in (("train", 120, 0), ("validation", 60, 1))
    )
    model = Pretrained(side=SIDE, path=str(weights))
    return model.fit(train, validation, task, under=Conditions(3, threads=1)), validation


@pytest.mark.parametrize("task", [TERNARY, NUMBER], ids=["ternary", "number"])
def test_the_graph_answers_as_training_did_and_learns(
    tmp_path: Path, weights: Path, task: FittedTask
) -> None:
    estimate, validation = fit(tmp_path, weights, task)
    feed = {graph_input(name): np.array(c) for name, c in validation.columns.items()}
    found = np.asarray(onnxruntime.InferenceSession(estimate.graph).run(None, feed)[0])
    np.testing.assert_allclose(found, estimate.validation_output_NK, atol=1e-4)
    if task.output.width == 1:
        assert np.mean((found[:, 0] - validation.target) ** 2) < 0.7 * np.var(validation.target)
    else:
        assert np.mean(found.argmax(1) == validation.target) > 0.6


def test_equal_data_give_equal_bytes(tmp_path: Path, weights: Path) -> None:
    assert fit(tmp_path, weights, TERNARY)[0].graph == fit(tmp_path, weights, TERNARY)[0].graph


def test_the_penalty_with_the_lowest_validation_loss_stays(tmp_path: Path, weights: Path) -> None:
    estimate, validation = fit(tmp_path, weights, TERNARY)
    losses = [record["validation_loss"] for record in estimate.history]
    output = torch.from_numpy(estimate.validation_output_NK)
    kept = functional.cross_entropy(output, torch.from_numpy(np.array(validation.target)))
    assert float(kept) == pytest.approx(min(losses), rel=1e-5)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    make_part(tmp_path, "train", TERNARY, 12, 0)
    part = PreparedSet.open(tmp_path, "train")
    with pytest.raises(DataError, match="cannot be read as weights"):
        Pretrained(side=SIDE, path=str(tmp_path)).fit(part, part, TERNARY, under=Conditions(0))
