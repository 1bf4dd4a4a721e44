"""What was decided about one column: its kind, the feature that reads it, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stoker.cells.missing_words import short_form
from stoker.cells.number_advice import worth_text
from stoker.cells.raw import MISSING_NUMBERS, MISSING_TEXTS
from stoker.core.value import Value

_PLAIN = re.compile(r"[^\W\d_][\w./-]*(?: [\w./-]+)*")
_WORDS = ("yes", "no", "on", "off", "true", "false", "null", "y", "n", "nan", "inf", "none")


class Choice(Value):
    """One row of the table of choices."""

    column: str
    kind: str
    """Such as `number`, `category`, `identifier`, `constant`, `empty` or `nested`."""
    feature: dict[str, dict[str, Any]] | None
    """The feature as a recipe names it, `{"number": {"unit": "%"}}`; None: the column is left
    out."""
    why: str
    """One sentence with the numbers that were seen."""
    change: str
    """What to write under `inputs` to have it otherwise."""
    is_notable: bool = False
    """Whether a user should be told without asking."""
    is_doubtful: bool = False
    """Whether it is left out although it seems to tell something that could not be read."""

    @property
    def written(self) -> str:
        """The feature as YAML, `left out` where there is none.

        >>> Choice(column="x", kind="number", feature={"number": {"unit": "%"}}, why="",
        ...        change="").written
        '{number: {unit: "%"}}'
        """
        return "left out" if self.feature is None else feature_yaml(self.feature)


def feature_yaml(feature: dict[str, dict[str, Any]]) -> str:
    """A step with its options in one line of YAML.

    >>> feature_yaml({"number": {"unit": {"m": 1.0, "km": 1000.0}, "decimal": ","}})
    '{number: {unit: {m: 1, km: 1000}, decimal: ","}}'
    >>> feature_yaml({"number": {"missing": [*MISSING_NUMBERS, "k.A."]}})
    '{number: {missing: {also: ["k.A."]}}}'
    """
    ((name, options),) = feature.items()
    if not options:
        return name
    said = ", ".join(f"{key}: {_option(name, key, value)}" for key, value in options.items())
    return f"{{{name}: {{{said}}}}}"


def missing_yaml(step: str, words: Sequence[str]) -> str:
    """Words that mean "no value" as the option of a step has them, in the shorter form.

    >>> missing_yaml("number", ["-999"]), missing_yaml("number", [*MISSING_NUMBERS, "k.A."])
    ('["-999"]', '{also: ["k.A."]}')
    """
    form = short_form(words, MISSING_TEXTS if step == "text" else MISSING_NUMBERS)
    if isinstance(form, list):
        return _value(form)
    return f"{{{', '.join(f'{key}: {_value(value)}' for key, value in form.items())}}}"


def _option(step: str, key: str, value: Any) -> str:
    return missing_yaml(step, value) if key == "missing" else _value(value)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            f"{{{', '.join(f'{quoted(key)}: {worth_text(size)}' for key, size in value.items())}}}"
        )
    if isinstance(value, str) and re.fullmatch(r"[a-z_]+", value) and value not in _WORDS:
        return value
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def quoted(text: str) -> str:
    """A YAML scalar: plain if that is safe, else in JSON's quotes, which YAML reads the same.

    >>> quoted("income"), quoted("yes"), quoted("a: b"), quoted("收入")
    ('income', '"yes"', '"a: b"', '收入')
    """
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
