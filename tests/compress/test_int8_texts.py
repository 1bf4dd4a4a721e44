"""Int8 of a graph that reads texts: products and tables, and no answer follows its neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from onnx import TensorProto, load_from_string
from torch import Tensor, nn

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import load
from stoker.bundle.write import write_bundle
from stoker.cells.ragged import Ragged
from stoker.compress import Material
from stoker.compress.int8 import Int8
from stoker.core.errors import ArtifactError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features.tokens import Tokens
from stoker.networks.export import export, weights_of
from stoker.networks.preparing import RaggedTensor
from stoker.networks.ragged import MeanVector
from stoker.networks.text_encoder import TextEncoder, read_shape
from stoker.networks.text_towers import EncodedText
from stoker.tasks.classify import FittedClassify

TOKENS = Tokens(size=300).fit(pa.chunked_array([["tea cup lid box mug pot"] * 9]))
CONFIG = {
    "model_type": "bert", "vocab_size": 300, "hidden_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "intermediate_size": 128, "max_position_embeddings": 64,
}  # fmt: skip


class _Net(nn.Module):
    """A reader of tokens under a linear layer."""

    def __init__(self, reader: MeanVector | EncodedText) -> None:
        super().__init__()
        self.reader, self.head = reader, nn.Linear(64, 3)

    def forward(self, raw: dict[str, RaggedTensor]) -> Tensor:
        return self.head(self.reader(raw["t"]))


def encoder() -> EncodedText:
    return EncodedText(TextEncoder(read_shape(CONFIG)))


def rows(count: int, seed: int) -> Ragged:
    random = np.random.default_rng(seed)
    length_N = random.integers(1, 60, count)
    values = random.integers(0, 300, int(length_N.sum())).astype(np.uint16)
    return Ragged(values, np.r_[0, length_N.cumsum()])


def bundle_of(folder: Path, reader: MeanVector | EncodedText, scale: float = 0.2) -> Path:
    torch.manual_seed(0)
    net = _Net(reader)
    for weight in net.parameters():
        nn.init.normal_(weight, std=scale)
    task = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
    graph = export(net, {"t": TOKENS.form})
    interface = Interface({"t": TOKENS}, (), "label", task)
    write_bundle(
        folder, name="net", interface=interface, graph=graph, weights=weights_of(net),
        model={"encoder": {}},
    )  # fmt: skip
    return folder


def material(folder: Path) -> Material:
    part = rows(40, 1)
    with PreparedWriter(
        folder, "train", {"t": Column("uint16", (), ragged=True)}, Column("int64")
    ) as w:
        w.append({"t": part}, target=np.zeros(40, np.int64), row=np.arange(40))
    train = PreparedSet.open(folder, "train")
    return Material({"t": part}, train, train)


@pytest.mark.parametrize("form", ["unsigned", "signed", "reduced", "auto"])
def test_answers_are_near_and_the_same_whatever_stands_beside_them(
    form: str, tmp_path: Path
) -> None:
    bundle, asked = bundle_of(tmp_path / "net", encoder()), rows(50, 2)
    Int8.model_validate({"form": form}).compress(bundle, tmp_path / "out", material(tmp_path))
    exact_NK = load(bundle).outputs_of({"t": asked})
    small = load(tmp_path / "out")
    found_NK = small.outputs_of({"t": asked})
    assert np.abs(found_NK - exact_NK).mean() < 0.05 * np.abs(exact_NK).mean()
    alone_NK = np.concatenate([small.outputs_of({"t": asked.between(i, i + 1)}) for i in range(50)])
    np.testing.assert_allclose(found_NK, alone_NK, atol=1e-5)


def test_products_with_weights_and_tables_are_bytes_and_nothing_else_is(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "net", encoder())
    Int8().compress(bundle, tmp_path / "out", material(tmp_path))
    folders = (bundle, tmp_path / "out")
    graphs = [load_from_string((one / "model.onnx").read_bytes()).graph for one in folders]
    matrices = [[t for t in graph.initializer if len(t.dims) == 2] for graph in graphs]
    large = [t for t in matrices[1] if min(t.dims) > 3]
    assert {t.data_type for t in large} == {TensorProto.INT8}
    assert sum(np.prod(t.dims) for t in large) >= 2 * 8 * 64 * 64 + 300 * 64
    assert {node.domain for node in graphs[1].node} == {""}
    kinds = [{node.op_type for node in graph.node} for graph in graphs]
    assert kinds[1] - kinds[0] <= {"QuantizeLinear", "DequantizeLinear", "Cast", "Mul"}


def test_a_graph_without_a_product_with_weights_is_refused(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "net", MeanVector(TOKENS.holds, 64))
    with pytest.raises(ArtifactError, match="no product with a matrix of weights"):
        Int8().compress(bundle, tmp_path / "out", material(tmp_path))
    assert not (tmp_path / "out").exists()


def test_ranges_without_an_end_are_refused(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "net", encoder(), scale=1e30)
    with pytest.raises(ArtifactError, match="what enters a product is not finite"):
        Int8().compress(bundle, tmp_path / "out", material(tmp_path))
