"""What the networks are, beyond the promise they all keep."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stoker.features import FittedFeature
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.features.timestamp import FittedTimestamp
from stoker.models.cnn import Cnn
from stoker.models.logistic import Logistic
from stoker.models.mlp import Mlp
from stoker.networks.encoders import Scaler, TableEncoder, sort_columns
from stoker.networks.periodic import Periodic
from tests.data.prepare.test_ragged_feature import FittedLetters

MNIST: dict[str, FittedFeature] = {
    "image": FittedImage(
        height=28, width=28, channels=1, resize="stretch", mean=(0.1307,), std=(0.3081,)
    )
}
AGE = FittedNumber(mean=0, std=1, low=0, high=1, had_missing=True, raw=True)
PET = FittedCategory(vocabulary=("cat", "dog"), counts=(2, 1), had_missing=False)
WHEN = FittedTimestamp(
    kind="moment",
    first_us=0,
    last_us=1,
    parts=("year", "month"),
    means=(2020, 6),
    stds=(2, 3),
    had_missing=True,
)


def test_default_mlp_on_mnist_is_784_500_10() -> None:
    network = Mlp().build(MNIST, 10)
    shapes = [tuple(p.shape) for p in network.parameters()]
    assert shapes == [(500, 784), (500,), (10, 500), (10,)]


def test_pixels_are_scaled_like_numpy_does() -> None:
    pixel = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    scaled = Scaler(sort_columns(MNIST), channels_last=False)({"image": pixel})
    expected = (pixel.numpy().astype(np.float64) / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(scaled.image_NCHW[0].numpy(), expected, rtol=1e-5, atol=1e-5)


def test_missing_numbers_become_zero_and_an_indicator() -> None:
    scaler = Scaler(sort_columns({"age": AGE}), channels_last=False)
    scaled = scaler({"age": torch.tensor([2.0, float("nan")])})
    assert scaled.number_NM is not None
    assert scaled.number_NM.tolist() == [[2.0, 0.0], [0.0, 1.0]]


def test_columns_never_missing_in_training_get_no_indicator_but_missing_still_works() -> None:
    full = AGE.model_copy(update={"had_missing": False})
    scaled = Scaler(sort_columns({"age": full}), channels_last=False)(
        {"age": torch.tensor([2.0, float("nan")])}
    )
    assert scaled.number_NM is not None
    assert scaled.number_NM.tolist() == [[2.0], [0.0]]


def test_a_column_of_several_numbers_joins_as_several_and_turns_what_begins_anew() -> None:
    columns = sort_columns({"age": AGE, "when": WHEN})
    year, month = torch.tensor(2021.0).double(), torch.tensor(3.0).double()
    gone = torch.tensor(float("nan")).double()
    when = torch.stack([torch.stack([year, month]), torch.stack([gone, gone])])
    scaled = Scaler(columns, channels_last=False)({"age": torch.tensor([2.0, 3.0]), "when": when})
    assert scaled.number_NM is not None
    expected = [[2.0, 0.5, -1.0, 0.0, 0.0, 1.0, 0.0], [3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]]
    np.testing.assert_allclose(scaled.number_NM.numpy(), expected, atol=1e-6)
    assert columns.num_numbers == 7


def test_categories_of_one_width_share_a_table_without_sharing_rows() -> None:
    columns = sort_columns({"a": PET, "b": PET})
    encoder = TableEncoder(columns.table)
    assert len(list(encoder.parameters())) == 1
    code = torch.tensor([[1, 1]])
    scaled = Scaler(columns, channels_last=False)({"a": code[:, 0].int(), "b": code[:, 1].int()})
    (joined,) = encoder(scaled)
    left, right = joined.chunk(2, dim=1)
    assert not torch.equal(left, right)


def test_waves_are_sines_and_cosines_through_a_layer_of_each_number() -> None:
    torch.manual_seed(0)
    waves = Periodic(2, 3, 0.5)
    number_NP = torch.randn(4, 2)
    found = waves(number_NP).detach().numpy()
    frequency, weight = (getattr(waves, n).detach().numpy() for n in ("frequency", "weight"))
    for place in range(2):
        angle = 2 * np.pi * number_NP.numpy()[:, [place]] * frequency[place]
        expected = np.concatenate([np.sin(angle), np.cos(angle)], 1) @ weight[place]
        part = found.reshape(4, 2, -1)[:, place]
        np.testing.assert_allclose(part, np.maximum(expected, 0), atol=1e-5)


def test_a_perceptron_with_waves_sees_values_through_them_and_not_indicators() -> None:
    network = Mlp(hidden=(4,), periodic=5).build({"age": AGE, "pet": PET}, 2)
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert shapes["table.periodic.frequency"] == (1, 5)
    raw = {"age": torch.tensor([1.0, float("nan")]), "pet": torch.tensor([1, 0])}
    assert torch.isfinite(network(raw)).all()


def test_logistic_equals_one_hot_codes_times_weights() -> None:
    network = Logistic().build({"pet": PET, "age": AGE}, 2)
    torch.manual_seed(0)
    for weight in network.parameters():
        torch.nn.init.normal_(weight)
    state = network.state_dict()
    code = torch.tensor([0, 1, 2, 1], dtype=torch.int32)
    age = torch.tensor([1.0, -2.0, 0.5, 3.0])
    one_hot = torch.nn.functional.one_hot(code.long(), 3).float()
    numbers = torch.stack([age, torch.zeros(4)], 1)
    expected = one_hot @ state["embedding.weight"] + numbers @ state["linear.weight"].T
    torch.testing.assert_close(network({"pet": code, "age": age}), expected + state["bias"])


def test_wide_kernels_lie_channels_last_and_narrow_ones_do_not() -> None:
    for width, expected in ((32, True), (4, False)):
        kernels = [p for p in Cnn(width=width).build(MNIST, 10).parameters() if p.ndim == 4]
        assert kernels[1].is_contiguous(memory_format=torch.channels_last) is expected


def test_a_foreign_feature_is_named() -> None:
    with pytest.raises(TypeError, match="FittedLetters of column 'x'"):
        sort_columns({"x": FittedLetters()})
