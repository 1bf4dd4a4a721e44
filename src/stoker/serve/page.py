"""A small page for people: what the model takes, and a form to try it.

It works offline: script and style come from this server, and its content security policy lets it
load nothing else and talk to nobody else.  Names of columns and models are escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from stoker.serve.messages import Answer
from stoker.serve.served_model import ServedModel, is_image

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
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
    fields = "\n".join(_field(column, cell) for column, cell in model.cells.items())
    single = ' data-image="1"' if model.only_image else ""
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


def _field(column: str, cell: Mapping[str, Any]) -> str:
    label, hint = escape(column), escape(str(cell.get("description", "")))
    if is_image(cell):
        control = f'<input type="file" accept="image/*" name="{label}" data-kind="image" required>'
    else:
        kind = "number" if "number" in cell.get("type", ()) else "text"
        examples = [str(example) for example in cell.get("examples", ())]
        value = escape(examples[0]) if examples else ""
        control = f'<input name="{label}" data-kind="{kind}" value="{value}">'
    return f"<label><span>{label}</span>{control}<small>{hint}</small></label>"
