"""Texts of any length are weighed by their bytes, so that a long one counts as many rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stoker.bundle.interface import Interface
from stoker.bundle.write import write_bundle
from stoker.models.logistic import Logistic
from stoker.networks.export import export, weights_of
from stoker.serve.deployment import Deployment
from stoker.serve.load_model import load_model
from stoker.serve.messages import BodyBudget
from stoker.serve.metrics import Metrics
from stoker.serve.serve_settings import ServeSettings
from stoker.tasks.classify import FittedClassify
from tests.networks.words import FittedWords


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    task = FittedClassify(classes=("a", "b"), counts=(1, 1), kind="text")
    interface = Interface({"text": FittedWords(num_tokens=30)}, (), "y", task)
    network = Logistic().build(interface.inputs, 2)
    graph, weights = export(network, interface.forms), weights_of(network)
    write_bundle(
        tmp_path / "b", name="texts", interface=interface, graph=graph, weights=weights, model={}
    )
    settings = ServeSettings(threads=1)
    model = load_model(tmp_path / "b", settings)
    return Deployment(model, settings, Metrics(), BodyBudget(settings.max_body_bytes))


def test_a_long_text_counts_as_the_rows_that_its_bytes_make(deployment: Deployment) -> None:
    def weight(*texts: str | None) -> int:
        return deployment.weigh(pa.table({"text": pa.array(texts, pa.string())}))

    row = 65_536
    assert weight(None) < row
    assert weight("a few words") < row
    assert 1_000 * row < weight("word " * 51_200 + "x") < 1_001 * row
    assert weight("ab " * 900, "cd " * 900) == pytest.approx(2 * weight("ab " * 900), rel=0.01)
