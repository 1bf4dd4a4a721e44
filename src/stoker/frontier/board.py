"""What an answer of each candidate of a search would cost: the size of its graph, and its time.

Sizes stand in the leaderboard, as equal searches make equal graphs; times are measured and go into
the catalog.  Looked at are the members of the model and the first of the others: a search of hours
has hundreds of candidates that nobody would take.

Cost: some 50 to 100 ms for each candidate with trees, mostly to write its graph.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np

from stoker.bundle.session import asker
from stoker.candidates.leaderboard import Leaderboard, Timing
from stoker.cells.ragged import Rows, rows_at
from stoker.networks.graph_names import graph_input

_FIRST = 3
_ASKED = 9


def measure_candidates(
    board: Leaderboard, graphs: Mapping[str, Callable[[], bytes]], columns: Mapping[str, Rows]
) -> tuple[Leaderboard, dict[str, float]]:
    """The board with sizes, and the milliseconds that each candidate takes to answer one row.

    Args:
        board: Of a search.
        graphs: What makes the graph of a candidate alone.
        columns: Prepared columns; their first row is asked about.
    """
    first = np.zeros(1, np.int64)
    tensors = {graph_input(name): rows_at(value, first) for name, value in columns.items()}
    times: dict[str, float] = {}
    entries = list(board.entries)
    for place, entry in enumerate(entries):
        if entry.name in graphs and (entry.weight > 0 or place < _FIRST):
            graph = graphs[entry.name]()
            entries[place] = entry.model_copy(update={"size_bytes": len(graph)})
            times[entry.name] = _answer_ms(graph, tensors)
    return board.model_copy(update={"entries": tuple(entries)}), times


def timed(timings: tuple[Timing, ...], answer_ms: Mapping[str, float]) -> tuple[Timing, ...]:
    """The timings with what an answer takes.

    >>> timed((Timing(name="linear", fit_s=0.1),), {"linear": 0.02})[0].answer_ms
    0.02
    """
    return tuple(one.model_copy(update={"answer_ms": answer_ms.get(one.name)}) for one in timings)


def _answer_ms(graph: bytes, tensors: Mapping[str, Rows]) -> float:
    """Median of some answers to one row, on one thread."""
    ask = asker(graph, tensors)
    times = []
    for _ in range(_ASKED):
        begin = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begin) * 1e3)
    return float(f"{statistics.median(times):.3g}")
