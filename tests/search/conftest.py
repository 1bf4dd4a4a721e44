"""A bundle that makes vectors of texts by a small encoder with random weights."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import torch

from stoker.bundle.interface import Interface
from stoker.bundle.write import write_bundle
from stoker.features.tokens import Tokens
from stoker.models.encoder import Encoder
from stoker.networks.export import export, weights_of
from stoker.tasks.embed import FittedEmbed
from tests.models.test_encoder import write_folder


def write_vectors(place: Path, *, seed: int = 0, prefix: str = "") -> Path:
    """Write the encoder and its bundle; the folder of the latter."""
    encoder = write_folder(place / "encoder")
    feature = Tokens(tokenizer=encoder / "tokenizer.json", prefix=prefix).fit(
        pa.chunked_array([["tea"]])
    )
    network = Encoder(path=encoder).build({"text": feature}, 0).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += seed * 0.01
    folder, inputs = place / "bundle", {"text": feature}
    write_bundle(
        folder,
        name="near",
        interface=Interface(dict(inputs), (), "pair", FittedEmbed(width=32)),
        graph=export(network, {"text": feature.form}),
        weights=weights_of(network),
        model={},
    )
    return folder


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vectors(tmp_path_factory.mktemp("near"))
