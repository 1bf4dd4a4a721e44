"""A small page for people: what the model takes, and a form to try it.

It works offline: script and style come from this server, and its content security policy lets it
load nothing else and talk to nobody else.  Names of columns and models are escaped.  A category is
chosen from a list, a bool too, and a date with the browser's own calendar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from stoker.features import FittedFeature
from stoker.features.boolean import FittedBoolean
from stoker.features.category import FittedCategory
from stoker.features.timestamp import FittedTimestamp
from stoker.serve.messages import Answer
from stoker.serve.served_model import ServedModel, is_image

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MOST_OPTIONS = 200
_HEADERS = ((b"content-security-policy", _POLICY), (b"cache-control", b"no-store"))


def page(model: ServedModel) -> Answer:
    """The page itself."""
    return Answer(_html(model).encode(), content_type=b"text/html; charset=utf-8", headers=_HEADERS)


def style() -> Answer:
    """Its style sheet."""
    return Answer(_file("page.css"), content_type=b"text/css; charset=utf-8")


def script() -> Answer:
    """Its script."""
    return Answer(_file("page.js"), content_type=b"text/javascript; charset=utf-8")


@cache
def _file(name: str) -> bytes:
    return files("stoker.serve").joinpath(name).read_bytes()


def _html(model: ServedModel) -> str:
    name, version = escape(model.name), escape(model.version)
    inputs = model.predictor.interface.inputs
    fields = "\n".join(_field(column, cell, inputs[column]) for column, cell in model.cells.items())
    single = ' data-image="1"' if model.takes_picture else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<link rel="stylesheet" href="page.css">
</head>
<body>
<main>
<h1>{name}</h1>
<p class="quiet">version {version}</p>
<form id="form"{single}>
{fields}
<button type="submit">Predict</button>
</form>
<section id="answer" aria-live="polite" hidden></section>
<p class="quiet">
<a href="openapi.json">OpenAPI</a> · <a href="metrics">metrics</a> ·
<a href="v2/models/{name}">Open Inference Protocol</a>
</p>
</main>
<script src="page.js"></script>
</body>
</html>
"""


def _field(column: str, cell: Mapping[str, Any], feature: FittedFeature) -> str:
    hint = escape(str(cell.get("description", "")))
    control = _control(escape(column), cell, feature)
    return f"<label><span>{escape(column)}</span>{control}<small>{hint}</small></label>"


def _control(name: str, cell: Mapping[str, Any], feature: FittedFeature) -> str:
    """What a person enters a cell with; `data-kind` tells the script how to send it."""
    match feature:
        case FittedCategory():
            return _categories(name, feature.vocabulary)
        case FittedBoolean():
            return _select(name, "boolean", ("true", "false"))
        case FittedTimestamp():
            return f'<input {_moment(feature)} name="{name}" data-kind="text">'
    if is_image(cell):
        return f'<input type="file" accept="image/*" name="{name}" data-kind="image" required>'
    example = next(iter(cell.get("examples", ())), 0 if "number" in cell.get("type", ()) else "")
    if "number" in cell.get("type", ()) and not isinstance(example, str):
        return (
            f'<input type="number" step="any" inputmode="decimal" name="{name}" '
            f'data-kind="number" value="{float(example or 0):.6g}">'
        )
    value = escape(str(example))
    return f'<input name="{name}" data-kind="text" value="{value}">'


def _moment(feature: FittedTimestamp) -> str:
    """The browser's own control: a time, a day, or both where the model looks at the hour."""
    if feature.kind == "time":
        return 'type="time" step="1"'
    has_hour = any("hour" in part for part in feature.parts)
    return 'type="datetime-local" step="1"' if has_hour else 'type="date"'


def _categories(name: str, known: Sequence[str]) -> str:
    """A drop-down list, or a text with suggestions where there are many."""
    if len(known) <= _MOST_OPTIONS:
        return _select(name, "text", known)
    options = "".join(f'<option value="{escape(one)}">' for one in known[:_MOST_OPTIONS])
    return (
        f'<input name="{name}" data-kind="text" list="{name}-known" value="{escape(known[0])}">'
        f'<datalist id="{name}-known">{options}</datalist>'
    )


def _select(name: str, kind: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{escape(v)}">{escape(v)}</option>' for v in values)
    missing = '<option value="">(missing)</option>'
    return f'<select name="{name}" data-kind="{kind}">{options}{missing}</select>'
