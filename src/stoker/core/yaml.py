"""YAML read strictly: one meaning for each text, no surprises, and a position for every value.

A recipe may hold mappings, lists and scalars of the YAML 1.2 core schema, with only one spelling of
each: `true`, `false`, `null`, decimal numbers.  So `no`, `on`, `12:30`, `010` and `0x1F` are text.
Anchors, aliases, merges, tags, duplicate keys, tab indentation, several documents, more than
256 KiB and nesting beyond 32 are errors, because each either hides a mistake or costs unbounded
work: 350 bytes of aliases can unfold to gigabytes.

The value is built from the parser's events, so nesting is counted before anything recurses.  Keys
are always text, as written.

Cost: about 10 milliseconds for 1,000 lines with libyaml, ten times that without.

Source: YAML 1.2.2, chapter 10.3 (core schema), https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, final

import yaml

from stoker.core.errors import Place, RecipeError
from stoker.core.names import short

MAX_BYTES = 256 << 10
MAX_DEPTH = 32
_MAX_DIGITS = 400
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAB = re.compile(r"^ *\t", re.MULTILINE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}

Path = tuple[str | int, ...]
"""Keys and list positions that lead from the top to a value."""


@dataclass(frozen=True)
class Position:
    """Line and character, both from 1."""

    line: int
    character: int


@dataclass(frozen=True)
class Document:
    """What a text says, and where it says it."""

    value: Any
    """Mappings, lists, text, numbers, booleans, None."""
    values: dict[Path, Position] = field(repr=False)
    """Where each value begins."""
    keys: dict[Path, Position] = field(repr=False)
    """Where the key (or the list item) of each value begins."""
    file: str | None = None
    """Name of the file for messages."""

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        r"""Where a value (or its key) stands; for one that is not written, where its parent does.

        >>> document = parse_yaml("a:\n  b: [1, 2]\n", file="r.yaml")
        >>> str(document.place(("a", "b", 1))), str(document.place(("a", "b"), of_key=True))
        ('r.yaml:2:10', 'r.yaml:2:3')
        """
        first, second = (self.keys, self.values) if of_key else (self.values, self.keys)
        while path and path not in first and path not in second:
            path, first, second = path[:-1], self.keys, self.values
        found = first.get(path) or second.get(path) or Position(1, 1)
        return Place(self.file, line=found.line, character=found.character)


def parse_yaml(source: str | bytes, *, file: str | None = None) -> Document:
    r"""The one value that a YAML text stands for.

    Args:
        source: The text; bytes must be UTF-8 (a byte order mark is skipped).
        file: Its name for messages.

    Raises:
        RecipeError: With line and character, if the text is not YAML of the strict kind that the
            header of this module describes.

    >>> parse_yaml("rate: 1e-3\nshuffle: no\nclean: [a, b: {c: 1}]").value
    {'rate': 0.001, 'shuffle': 'no', 'clean': ['a', {'b': {'c': 1}}]}
    """
    text = _decode(source, file)
    _check_characters(text, file)
    builder = _Builder(file)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from None
    if builder.empty:
        raise RecipeError(
            "the file is empty", expected="key: value lines", place=Place(file, line=1)
        )
    return Document(builder.value, builder.values, builder.keys, file)


def _events(text: str) -> Iterator[yaml.Event]:
    # `yaml.parse` only makes events; no loader constructs anything.
    yield from yaml.parse(text, Loader=_LOADER)


@final
class _Open:
    """A mapping or list that is being filled."""

    def __init__(self, value: dict[str, Any] | list[Any], path: Path) -> None:
        self.value, self.path = value, path
        self.key: str | None = None
        """Key of a mapping whose value comes next."""


@final
class _Builder:
    """Puts the value together from events, and refuses what strict YAML has not."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.empty = True
        self.value: Any = None
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.AliasEvent():
                self._refuse(event, f"alias *{event.anchor}", "the value itself, written out")
            case yaml.DocumentStartEvent():
                self._start_document(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
            case yaml.ScalarEvent():
                self._check_plain(event)
                self._take_scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_plain(event)
                self._take_container(event)

    def _start_document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document (---)", "one document in a file")

    def _check_plain(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._refuse(event, f"anchor &{event.anchor}", "values without anchors")
        if event.tag is not None:
            self._refuse(event, f"tag {short(event.tag)}", "values without tags")

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top and isinstance(top.value, dict) and top.key is None:
            self._take_key(event, top)
            return
        self.empty = not self._open and not event.value and event.implicit[0]
        self._put(event, self._scalar(event))

    def _take_key(self, event: yaml.ScalarEvent, top: _Open) -> None:
        key, plain = event.value, event.implicit[0]
        if plain and key in ("<<", ""):
            what = "merge key <<" if key else "a value without a key"
            self._refuse(event, what, "key: value, every key written out")
        if key in top.value:
            first = self.keys[(*top.path, key)]
            self._refuse(
                event,
                f"key {short(key)} again",
                f"each key once; the first is in line {first.line}",
            )
        top.key = key
        self.keys[(*top.path, key)] = _position(event)

    def _take_container(self, event: yaml.CollectionStartEvent) -> None:
        top = self._open[-1] if self._open else None
        if top and isinstance(top.value, dict) and top.key is None:
            self._refuse(event, "a key that is a list or mapping", "a key that is one word")
        if len(self._open) >= MAX_DEPTH:
            self._refuse(event, f"nesting deeper than {MAX_DEPTH}", "a flatter recipe")
        self.empty = False
        value: dict[str, Any] | list[Any] = {}
        if isinstance(event, yaml.SequenceStartEvent):
            value = []
        self._open.append(_Open(value, self._put(event, value)))

    def _put(self, event: yaml.Event, value: Any) -> Path:
        """Store a value where it belongs; the answer is its path."""
        if not self._open:
            self.value, path = value, ()
        else:
            top = self._open[-1]
            if isinstance(top.value, list):
                path = (*top.path, len(top.value))
                top.value.append(value)
            else:
                assert top.key is not None
                path = (*top.path, top.key)
                top.value[top.key] = value
                top.key = None
        self.values[path] = _position(event)
        return path

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if not _DECIMAL.fullmatch(text):
            return text
        if len(text) > _MAX_DIGITS:
            self._refuse(event, f"a number of {len(text)} digits", f"at most {_MAX_DIGITS}")
        if _WHOLE.fullmatch(text):
            return int(text)
        number = float(text)
        if math.isinf(number):
            self._refuse(event, f"number {text}", "a number below 1.8e308")
        return number

    def _refuse(self, event: yaml.Event, what: str, expected: str) -> NoReturn:
        at = _position(event)
        raise RecipeError(
            f"found {what}",
            expected=expected,
            place=Place(self.file, line=at.line, character=at.character),
        )


def _position(event: yaml.Event) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _decode(source: str | bytes, file: str | None) -> str:
    size = len(source) if isinstance(source, bytes) else len(source.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        raise RecipeError(
            "the recipe is too large",
            expected=f"at most {MAX_BYTES >> 10} KiB",
            fix="keep data in files and name them in the recipe",
            place=Place(file),
        )
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"byte {error.object[error.start]:#04x} is not UTF-8",
            expected="a UTF-8 text file",
            fix="save it as UTF-8",
            place=Place(file, line=source.count(b"\n", 0, error.start) + 1),
        ) from None


def _check_characters(text: str, file: str | None) -> None:
    if bad := _UNPRINTABLE.search(text):
        raise RecipeError(
            f"found the control character U+{ord(bad[0]):04X}",
            expected="printable text",
            place=_place_at(text, bad.start(), file),
        )
    if tab := _TAB.search(text):
        raise RecipeError(
            "found a tab in the indentation",
            expected="spaces: YAML counts them, and a tab has no width",
            place=_place_at(text, tab.end() - 1, file),
        )


def _place_at(text: str, index: int, file: str | None) -> Place:
    line = text.count("\n", 0, index) + 1
    return Place(file, line=line, character=index - (text.rfind("\n", 0, index) + 1) + 1)


def _syntax_error(error: yaml.YAMLError, text: str, file: str | None) -> RecipeError:
    said = [getattr(error, name, None) for name in ("context", "problem")]
    mark = getattr(error, "problem_mark", None)
    if mark is not None and not text[mark.index :].strip():
        # A bracket or quote that is never closed is noticed at the end; say where it opens.
        mark = getattr(error, "context_mark", None) or mark
    return RecipeError(
        f"not YAML: {', '.join(part for part in said if part) or 'cannot be read'}",
        expected="key: value lines, indented with spaces",
        fix="put text that holds ': ' or starts with a sign like @ * & % in quotes",
        place=Place(file, line=mark.line + 1, character=mark.column + 1) if mark else Place(file),
    )
