"""What the samples of a report need: a row to send, and how tables of rows are read.

The row is made of usual values and is nobody's: a report may be handed on, a training row may not.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from PIL import Image

from stoker.bundle.interface import Interface
from stoker.core.steps import step_name
from stoker.features import FittedFeature
from stoker.report.cells import Cell

if TYPE_CHECKING:
    from stoker.recipe.model import Recipe

_READ_OPTIONS = {
    "csv": ("delimiter", "encoding", "header", "header_row", "names", "strip"),
    "xlsx": ("sheet", "header_row"),
    "parquet": (),
    "jsonl": (),
}
"""Options that say how a table is read, by the name of the source."""


class TableForm(TypedDict):
    """How the recipe's tables are read."""

    table: Literal["csv", "parquet", "jsonl", "xlsx"]
    read_options: dict[str, Any]


def table_form(recipe: Recipe) -> TableForm:
    """Form and options of the first source that is a table; CSV where none is."""
    for source in recipe.data.sources:
        inner = getattr(source, "read", source)
        name = step_name(inner)
        if name in ("csv", "parquet", "jsonl", "xlsx"):
            said = inner.model_dump(mode="json", exclude_defaults=True)
            options = {key: said[key] for key in _READ_OPTIONS[name] if key in said}
            return {"table": name, "read_options": options}
    return {"table": "csv", "read_options": {}}


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
