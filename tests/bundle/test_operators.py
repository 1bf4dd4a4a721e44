"""The list of operators holds what the exporters write, and nothing that may never end."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from stoker.bundle._operators import _LIKELY, _WRITTEN, OPERATORS
from stoker.bundle.interface import Interface
from stoker.core.errors import RecipeError
from stoker.core.steps import find_step
from stoker.models import Network
from stoker.networks.export import export
from tests.bundle.test_export import NETWORKS, PICTURE, TABLE, TASK

GOLDEN = sorted((Path(__file__).parent / "golden").rglob("model.onnx"))


def operators(graph: onnx.ModelProto) -> set[tuple[str, str]]:
    return {(node.domain, node.op_type) for node in graph.graph.node}


def known(names: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those that are on the list as what exporters write."""
    return {(d, n) for d, n in names if n in (_WRITTEN if d == "" else OPERATORS[d])}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("columns", [TABLE, PICTURE, {**TABLE, **PICTURE}], ids=["t", "p", "both"])
def test_every_network_becomes_operators_of_the_first_group(name: str, columns: dict) -> None:
    try:
        network = find_step("stoker.models", name, Network)().build(columns, 3)
    except RecipeError as error:
        pytest.skip(error.what)
    graph = export(network, Interface(columns, (), "target", TASK).forms)
    written = operators(onnx.load_from_string(graph))
    assert written == known(written)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parents[1].name)
def test_bundles_of_earlier_versions_use_operators_of_the_first_group(path: Path) -> None:
    written = operators(onnx.load(path))
    assert written == known(written)


def test_there_are_bundles_of_earlier_versions() -> None:
    assert len(GOLDEN) >= 3


def test_no_operator_takes_a_graph() -> None:
    for name in (*_WRITTEN, *_LIKELY):
        schema = onnx.defs.get_schema(name)
        kinds = {attribute.type for attribute in schema.attributes.values()}
        assert onnx.defs.OpSchema.AttrType.GRAPH not in kinds


def test_no_operator_stands_in_both_groups() -> None:
    assert not set(_WRITTEN) & set(_LIKELY)
    assert len({*_WRITTEN, *_LIKELY}) == len(_WRITTEN) + len(_LIKELY)
