"""Texts alone, and long: they are read whole, as tokens, instead of by some hundred of their words.

A column of texts beside numbers and categories becomes numbers that trees can use.  Where nothing
but texts goes in, and they are long (20 words, or 30 signs of Chinese, in the mean), all of their
words count for more than what trees make of some.

Cost: microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from stoker.data.profile.choice import Choice, quoted
from stoker.data.profile.choices import Choices
from stoker.data.profile.column import Profile

_WORDS, _SIGNS = 20, 30
_NEEDED = ("tokenizers", "scipy", "sklearn")
"""What the extra `text` brings."""


def read_whole(choices: Choices, profile: Profile) -> Choices:
    """The choices of a table, texts as tokens where they are long and nothing else goes in."""
    inputs = choices.inputs()
    are_texts = all("text" in feature for feature in inputs.values())
    if not are_texts or not any(_is_long(name, profile) for name in inputs):
        return choices
    changed = _as_tokens if all(find_spec(name) for name in _NEEDED) else _with_hint
    columns = tuple(changed(one) if one.column in inputs else one for one in choices.columns)
    return choices.model_copy(update={"columns": columns})


def _is_long(name: str, profile: Profile) -> bool:
    column = profile.column(name)
    texts = None if column is None else column.texts
    if texts is None:
        return False
    return texts.mean_words >= _WORDS or (texts.has_han and texts.mean_length >= _SIGNS)


def _as_tokens(choice: Choice) -> Choice:
    told = {"feature": {"tokens": {}}, "change": f"{quoted(choice.column)}: text"}
    return _changed(choice, told, "; long, and nothing but texts goes in: all of it is read")


def _with_hint(choice: Choice) -> Choice:
    told = {"is_notable": True, "change": f"{quoted(choice.column)}: tokens"}
    return _changed(choice, told, "; read whole it tells more, which the extra stoker[text] does")


def _changed(choice: Choice, told: Mapping[str, object], why: str) -> Choice:
    return choice.model_copy(update={**told, "why": f"{choice.why}{why}"})
