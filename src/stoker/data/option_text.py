"""How a message says an option of a source: the line to write, wherever the reader stands.

The same source is read for a recipe and for commands that are given a file, and a message does not
know which of them asked.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from stoker.data.profile.choice import quoted


def say_option(key: str, value: Any) -> str:
    r"""The line of a recipe, and the option of the commands that take a file.

    >>> say_option("sheet", "Besuche")
    'sheet: Besuche in a recipe; --set sheet=Besuche with init, data show and predict'
    >>> say_option("delimiter", ";")
    'delimiter: ";" in a recipe; --set \'delimiter=";"\' with init, data show and predict'
    """
    written = yaml_value(value)
    return (
        f"{key}: {written} in a recipe; {set_option(key, value)} with init, data show and predict"
    )


def set_option(key: str, value: Any) -> str:
    r"""An option of a source as a shell takes it.

    >>> set_option("header_row", 3), set_option("sheet", "2024")
    ('--set header_row=3', '--set \'sheet="2024"\'')
    """
    return f"--set {shlex.quote(f'{key}={yaml_value(value)}')}"


def set_options(options: Mapping[str, Any]) -> str:
    """Options of a source as they stand behind a command, each with a blank before it.

    >>> set_options({"sheet": "A B", "header": False})
    " --set 'sheet=A B' --set header=false"
    """
    return "".join(f" {set_option(key, value)}" for key, value in options.items())


def source_option(name: str) -> str:
    """The source that reads a table, as it stands behind a command; nothing where the ending says.

    >>> source_option("records:Records"), source_option("")
    (' --source records:Records', '')
    """
    return f" --source {name}" if name else ""


def yaml_value(value: Any) -> str:
    """A value in one line of YAML.

    >>> yaml_value("a b"), yaml_value(["x", "2"]), yaml_value(True)
    ('a b', '["x", "2"]', 'true')
    """
    return quoted(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
