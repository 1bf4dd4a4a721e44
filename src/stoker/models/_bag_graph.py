"""A bag of runs of tokens as nodes of a graph: tokens of each text to weighted sums.

    tokens, ends ─► row of each token ─► numbers of runs ─► places (LabelEncoder) ─► counted once a
    text (Unique) ─► (1 + log count) * idf ─► length 1 ─► times weights ─► summed by text

Sums are made by `ScatterElements`, one summand after the other: a text's are its own runs in the
order of their places, so that no neighbour changes its answer.

Cost: 0.6 ms for a text of 300 tokens with runs of up to three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stoker.models._graph_writer import GraphWriter
from stoker.models._token_grams import APART, FACTOR, PRIME, TokenGrams
from stoker.networks.graph_names import graph_input, offsets_input


@dataclass(frozen=True)
class BagPart:
    """A linear model of the texts of a column."""

    column: str
    grams: TokenGrams
    weight_DK: np.ndarray
    """Weight of each run for each output, float32."""


def bag_nodes(writer: GraphWriter, part: BagPart, at: str) -> str:
    """Add a bag; the name of its output (N, K).

    Args:
        writer: The graph.
        part: What was fitted.
        at: What the names of its values begin with.
    """
    writer.constant(f"{at}zero", np.zeros(1, np.int64))
    writer.constant(f"{at}none", np.zeros(1, np.float32))
    row, count = _rows(writer, part, at)
    place, row = _runs(writer, part, row, at)
    return _weighed(writer, part, place, row, count, at)


def _rows(writer: GraphWriter, part: BagPart, at: str) -> tuple[str, str]:
    """Row of each token (V,), and the number of rows as (1,)."""
    tokens, ends = graph_input(part.column), offsets_input(graph_input(part.column))
    first = writer.constant(f"{at}first", np.array([1], np.int64))
    last = writer.constant(f"{at}last", np.array([-1], np.int64))
    many = writer.node("Shape", [tokens], f"{at}many")
    room = writer.node("Add", [many, "one"], f"{at}room")
    blank = writer.node("ConstantOfShape", [room], f"{at}blank", value=_scalar(np.int64(0)))
    inner = writer.node("Slice", [ends, first, last, f"{at}zero"], f"{at}inner")
    inner_many = writer.node("Shape", [inner], f"{at}inner_many")
    marks = writer.node("ConstantOfShape", [inner_many], f"{at}marks", value=_scalar(np.int64(1)))
    begun = writer.node(
        "ScatterElements", [blank, inner, marks], f"{at}begun", axis=0, reduction="add"
    )
    axis = writer.constant(f"{at}axis", np.array(0, np.int64))
    wide = writer.node("CumSum", [begun, axis], f"{at}wide_rows")
    row = writer.node("Slice", [wide, f"{at}zero", many, f"{at}zero"], f"{at}row")
    ends_many = writer.node("Shape", [ends], f"{at}ends_many")
    return row, writer.node("Sub", [ends_many, "one"], f"{at}count")


def _runs(writer: GraphWriter, part: BagPart, row: str, at: str) -> tuple[str, str]:
    """Place of each run among those that are kept, and its row; D where it is not kept."""
    token = writer.cast(graph_input(part.column), f"{at}token", int)
    keys, rows, run = [token], [row], token
    zero = f"{at}zero"
    far = writer.constant(f"{at}far", np.array([np.iinfo(np.int64).max], np.int64))
    last = writer.constant(f"{at}last", np.array([-1], np.int64))
    factor = writer.constant(f"{at}factor", np.array(FACTOR, np.int64))
    prime = writer.constant(f"{at}prime", np.array(PRIME, np.int64))
    stranger = writer.constant(f"{at}stranger", np.array(-1, np.int64))
    for size in range(1, part.grams.longest):
        name = f"{at}run_{size}_"
        begin = writer.constant(f"{name}begin", np.array([size], np.int64))
        end = writer.constant(f"{name}end", np.array([-size], np.int64))
        short = writer.node("Slice", [run, zero, last, zero], f"{name}short")
        grown = writer.node("Mul", [short, factor], f"{name}grown")
        new = writer.node("Slice", [token, begin, far, zero], f"{name}new")
        more = writer.node("Add", [new, "one"], f"{name}more")
        run = writer.node("Mod", [writer.node("Add", [grown, more], f"{name}sum"), prime], name)
        later = writer.node("Slice", [row, begin, far, zero], f"{name}later")
        earlier = writer.node("Slice", [row, zero, end, zero], f"{name}earlier")
        whole = writer.node("Equal", [later, earlier], f"{name}whole")
        apart = writer.constant(f"{name}apart", np.array(size * APART, np.int64))
        key = writer.node("Add", [run, apart], f"{name}key")
        keys.append(writer.node("Where", [whole, key, stranger], f"{name}kept"))
        rows.append(later)
    joined = writer.node("Concat", keys, f"{at}keys", axis=0)
    place = writer.node(
        "LabelEncoder",
        [joined],
        f"{at}place",
        domain="ai.onnx.ml",
        keys_tensor=_tensor(part.grams.key_D),
        values_tensor=_tensor(np.arange(len(part.grams.key_D))),
        default_tensor=_tensor(np.array([len(part.grams.key_D)])),
    )
    return place, writer.node("Concat", rows, f"{at}run_rows", axis=0)


def _weighed(writer: GraphWriter, part: BagPart, place: str, row: str, count: str, at: str) -> str:
    """Sums of weights by row (N, K)."""
    from onnx import helper

    size = len(part.grams.key_D) + 1
    wide = writer.constant(f"{at}size", np.array(size, np.int64))
    start = writer.node("Mul", [row, wide], f"{at}start")
    pair = writer.node("Add", [start, place], f"{at}pair")
    once, times = f"{at}once", f"{at}times"
    writer.nodes.append(helper.make_node("Unique", [pair], [once, "", "", times], sorted=1))
    where = writer.node("Div", [once, wide], f"{at}where")
    what = writer.node("Mod", [once, wide], f"{at}what")
    log = writer.node("Log", [writer.cast(times, f"{at}often", float)], f"{at}log")
    tf = writer.node("Add", [log, writer.constant(f"{at}unit", np.ones(1, np.float32))], f"{at}tf")
    idf = writer.constant(f"{at}idf_table", np.append(part.grams.idf_D, np.float32(0)))
    found = writer.node("Gather", [idf, what], f"{at}idf", axis=0)
    weight = writer.node("Mul", [tf, found], f"{at}weight")
    scaled = writer.node("Div", [weight, _lengths(writer, weight, where, count, at)], f"{at}scaled")
    column = writer.node("Unsqueeze", [scaled, "one"], f"{at}column")
    table = np.concatenate([part.weight_DK, np.zeros((1, part.weight_DK.shape[1]))])
    table_name = writer.constant(f"{at}table", table.astype(np.float32))
    told = writer.node("Gather", [table_name, what], f"{at}told", axis=0)
    share = writer.node("Mul", [told, column], f"{at}share")
    shape = writer.node("Shape", [share], f"{at}share_shape")
    at_row = writer.node("Unsqueeze", [where, "one"], f"{at}at_row")
    spread = writer.node("Expand", [at_row, shape], f"{at}spread")
    outputs = writer.constant(f"{at}outputs", np.array([part.weight_DK.shape[1]], np.int64))
    form = writer.node("Concat", [count, outputs], f"{at}form", axis=0)
    blank = writer.node("ConstantOfShape", [form], f"{at}nothing", value=_scalar(np.float32(0)))
    return writer.node(
        "ScatterElements", [blank, spread, share], f"{at}out", axis=0, reduction="add"
    )


def _lengths(writer: GraphWriter, weight: str, where: str, count: str, at: str) -> str:
    """Length of the weights of the text of each run; 1 where no run of it is kept."""
    square = writer.node("Mul", [weight, weight], f"{at}square")
    blank = writer.node("ConstantOfShape", [count], f"{at}empty", value=_scalar(np.float32(0)))
    sums = writer.node(
        "ScatterElements", [blank, where, square], f"{at}squares", axis=0, reduction="add"
    )
    root = writer.node("Sqrt", [sums], f"{at}root")
    is_nothing = writer.node("Equal", [root, f"{at}none"], f"{at}is_nothing")
    one = writer.constant(f"{at}single", np.ones(1, np.float32))
    length = writer.node("Where", [is_nothing, one, root], f"{at}length")
    return writer.node("Gather", [length, where], f"{at}lengths", axis=0)


def _tensor(values: np.ndarray) -> object:
    from onnx import numpy_helper

    return numpy_helper.from_array(values.astype(np.int64))


def _scalar(value: np.generic) -> object:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array([value]))
