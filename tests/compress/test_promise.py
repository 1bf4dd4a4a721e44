"""What every compressor promises; a new file in the stage is tested as soon as it exists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stoker.bundle.predictor import load
from stoker.bundle.read import open_bundle
from stoker.compress import Compressor
from stoker.core.steps import find_step, step_names

STAGE = "stoker.compress"


@pytest.fixture(params=step_names(STAGE))
def compressor(request: pytest.FixtureRequest) -> Compressor:
    return find_step(STAGE, request.param, Compressor)()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_keeps_the_input_bundle(compressor: Compressor, case, tmp_path: Path) -> None:
    before, tensors = contents(case.bundle), case.calibration
    copies = {name: tensor.copy() for name, tensor in tensors.items()}
    compressor.compress(case.bundle, tmp_path / "out", case.material)
    assert contents(case.bundle) == before
    for name, copy in copies.items():
        np.testing.assert_array_equal(tensors[name], copy)


def test_the_candidate_is_a_bundle_with_the_same_interface(
    compressor: Compressor, case, tmp_path: Path
) -> None:
    compressor.compress(case.bundle, tmp_path / "out", case.material)
    small, large = open_bundle(tmp_path / "out"), open_bundle(case.bundle)
    assert small.interface == large.interface
    assert small.name == large.name
    outputs = load(tmp_path / "out").outputs_of(case.validation.columns)
    assert outputs.shape == load(case.bundle).outputs_of(case.validation.columns).shape
    assert np.isfinite(outputs).all()


def test_says_how_it_was_compressed(compressor: Compressor, case, tmp_path: Path) -> None:
    compressor.compress(case.bundle, tmp_path / "out", case.material)
    info = load(tmp_path / "out").info
    assert info["model"]["compressed"]
    assert info["size_bytes"] < load(case.bundle).info["size_bytes"]


def test_equal_arguments_give_equal_bytes(compressor: Compressor, case, tmp_path: Path) -> None:
    for name in ("first", "second"):
        compressor.compress(case.bundle, tmp_path / name, case.material)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_refusing_is_a_sentence_or_nothing(compressor: Compressor, case, forest_case) -> None:
    for one in (case, forest_case):
        said = compressor.refusal(open_bundle(one.bundle))
        assert said is None or len(said) > 10
