"""Names of a graph's inputs and output, the same for every model.

A column may be called anything, `output` or an empty string included; the prefix keeps the names of
inputs apart from those that a graph gives to its own values.
"""

from __future__ import annotations

OUTPUT = "output"
"""The one output, (N, num_outputs) float32."""

ROWS = "rows"
"""Name of the dynamic first dimension of every input and of the output."""

NUMBERS, CODES = "numbers", "codes"
"""The two inputs of a network that begins at the design of a table."""


def graph_input(column: str) -> str:
    """Name of the graph input that takes a column's tensor.

    >>> graph_input("年龄")
    'column:年龄'
    """
    return f"column:{column}"
