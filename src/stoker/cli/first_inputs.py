"""The `inputs` of a first recipe: the columns that a table has, and the feature that suits each.

They are written as a comment, because without `inputs` a run judges the columns itself, on all rows
that it looks at.  Only where a column needs an option that a run does not guess (numbers with a
decimal comma) they are written as a key.

Cost: about 10 ms a column of 20,000 rows, after pyarrow is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from stoker.cli.csv_form import NUMBER
from stoker.data.text_cells import TextCells
from stoker.pipeline.columns import judge

_COMMA_NUMBER = '{number: {decimal: ","}}'
_MOST_LINES = 40


def inputs_block(
    columns: Mapping[str, Sequence[object]],
    text_cells: TextCells | None,
    quoted: Callable[[str], str],
    *,
    may_have_commas: bool,
) -> str:
    """Lines of YAML that name the inputs, commented out if a run would choose the same.

    Args:
        columns: First values of each column but the target.
        text_cells: How text is read; None if the values have types of their own.
        quoted: Makes a name a YAML scalar.
        may_have_commas: Whether a comma may stand in a number, as where it delimits nothing.

    >>> print(inputs_block({"size": ["1,5", "2"] * 9, "town": ["A", "B"] * 9}, TextCells(), str,
    ...                    may_have_commas=True))
    inputs:                                 # columns that are not named are not used
      size: {number: {decimal: ","}}
      town: category
    """
    found = {
        name: _feature(name, values, text_cells, may_have_commas=may_have_commas)
        for name, values in columns.items()
    }
    chosen = {name: feature for name, feature in found.items() if feature}
    lines = [f"  {quoted(name)}: {feature}" for name, feature in chosen.items()]
    if _COMMA_NUMBER in chosen.values():
        return "\n".join(
            ["inputs:".ljust(40) + "# columns that are not named are not used", *lines]
        )
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = ["  ..."]
    head = "# inputs:".ljust(40) + "# absent: chosen from the columns, and printed"
    return "\n".join([head, *(f"# {line}" for line in lines)])


def _feature(
    name: str, values: Sequence[object], text_cells: TextCells | None, *, may_have_commas: bool
) -> str | None:
    """The feature for a column as YAML; None if it is no input."""
    cells = _cells(values)
    if text_cells is not None:
        cells = text_cells.read(cells)
    if may_have_commas:
        pointed = _pointed(cells.drop_null().to_pylist())
        if pointed:
            verdict = judge(
                name, pa.chunked_array([pointed]), is_media=False, text_cells=text_cells
            )
            if verdict.feature == "number":
                return _COMMA_NUMBER
    chunked = pa.chunked_array([cells])
    return judge(name, chunked, is_media=False, text_cells=text_cells).feature


def _pointed(values: Sequence[object]) -> list[str]:
    """Numbers with their decimal commas as points; nothing if these are no such numbers."""
    texts = [str(value).strip() for value in values]
    pointed = [text.replace(",", ".") for text in texts]
    has_comma = any("," in text for text in texts)
    return pointed if has_comma and all(map(NUMBER.fullmatch, pointed)) else []


def _cells(values: Sequence[object]) -> pa.Array:
    """The values as one column; as text where they are nested or of several kinds."""
    try:
        column = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        column = None
    if column is None or pa.types.is_nested(column.type):
        texts = [None if value is None else str(value) for value in values]
        column = pa.array([t and t.encode(errors="replace").decode() for t in texts], pa.string())
    return column
