"""Static int8: near to the float model in every form, and refused where nothing can be gained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, load_from_string

from stoker.bundle.predictor import load
from stoker.bundle.read import open_bundle
from stoker.compress.int8 import Int8
from stoker.core.errors import ArtifactError


@pytest.mark.parametrize("form", ["unsigned", "signed", "reduced", "auto"])
def test_every_form_answers_nearly_as_the_model(form: str, case, tmp_path: Path) -> None:
    Int8.model_validate({"form": form}).compress(case.bundle, tmp_path / "out", case.material)
    exact_NK = load(case.bundle).outputs_of(case.validation.columns)
    found_NK = load(tmp_path / "out").outputs_of(case.validation.columns)
    assert np.abs(found_NK - exact_NK).mean() < 0.05 * np.abs(exact_NK).mean()
    assert np.mean(found_NK.argmax(1) == exact_NK.argmax(1)) > 0.93


def test_weights_are_bytes_with_a_scale_per_channel(case, tmp_path: Path) -> None:
    Int8().compress(case.bundle, tmp_path / "out", case.material)
    graph = load_from_string((tmp_path / "out" / "model.onnx").read_bytes()).graph
    large = [t for t in graph.initializer if np.prod(t.dims) > 1000]
    assert {t.data_type for t in large} == {TensorProto.INT8}
    scales = [t for t in graph.initializer if list(t.dims) == [512]]
    assert any(t.data_type == TensorProto.FLOAT for t in scales)
    assert {node.domain for node in graph.node} == {""}


def test_auto_says_which_form_it_chose(case, tmp_path: Path) -> None:
    Int8().compress(case.bundle, tmp_path / "out", case.material)
    form = load(tmp_path / "out").info["model"]["compressed"]["int8"]["form"]
    Int8(form=form).compress(case.bundle, tmp_path / "same", case.material)
    graphs = {(tmp_path / name / "model.onnx").read_bytes() for name in ("out", "same")}
    assert len(graphs) == 1


def test_trees_are_refused_with_the_reason(forest_case) -> None:
    said = Int8().refusal(open_bundle(forest_case.bundle))
    assert said == "the graph has no matrix product or convolution to quantise"


@pytest.mark.parametrize("form", ["unsigned", "signed", "reduced", "auto"])
def test_a_quantised_graph_that_loads_and_cannot_run_is_refused(
    form: str, banded_case, tmp_path: Path
) -> None:
    compressor = Int8.model_validate({"form": form})
    assert compressor.refusal(open_bundle(banded_case.bundle)) is None
    with pytest.raises(ArtifactError, match=r"does not run: the graph failed .*QLinearMat[Mm]ul"):
        compressor.compress(banded_case.bundle, tmp_path / "out", banded_case.material)
    assert not (tmp_path / "out").exists()


def test_the_quantiser_prints_and_logs_nothing(
    case, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    Int8().compress(case.bundle, tmp_path / "out", case.material)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
