"""What the samples of a report need: a row to send, and how tables of rows are read.

The row is made of usual values and is nobody's: a report may be handed on, a training row may not.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, TypedDict

from PIL import Image

from stoker.bundle.interface import Interface
from stoker.core.steps import expect, is_own, step_name
from stoker.data.acquire import Source
from stoker.features import FittedFeature
from stoker.report.cells import Cell

if TYPE_CHECKING:
    from stoker.recipe.model import Recipe


class TableForm(TypedDict):
    """How the recipe's tables are read."""

    table: str
    own_source: str
    read_options: dict[str, Any]
    python_code: str


def table_form(recipe: Recipe, num_columns: int) -> TableForm:
    """Form and options of the first source that is a table; CSV where none is."""
    sources = (expect(source, Source) for source in recipe.data.sources)
    source = next((one for one in sources if _reads_tables(one)), None)
    return {
        "table": source.table_ending() if source else ".csv",
        "own_source": step_name(source) if source and is_own(source) else "",
        "read_options": source.read_options() if source else {},
        "python_code": source.python_code("rows", num_columns) if source else "",
    }


def _reads_tables(source: Source) -> bool:
    """Whether a command that is given another file of its form can read that by it."""
    has_path = not is_own(source) or "path" in type(source).model_fields
    return bool(source.table_ending()) and has_path


def example_row(interface: Interface) -> dict[str, Cell]:
    """A row that the model takes, as a request in JSON holds it."""
    return {name: _example(feature) for name, feature in interface.inputs.items()}


def _example(feature: FittedFeature) -> Cell:
    schema = feature.json_schema()
    if schema.get("contentEncoding") == "base64":
        return _tiny_picture()
    value = next(iter(schema.get("examples", ())), None)
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _tiny_picture() -> str:
    """A grey picture of one pixel, PNG in base64."""
    stream = io.BytesIO()
    Image.new("L", (1, 1), 128).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()
