"""Columns that stand in the names of folders, as in `region=north/part.parquet`.

Many tools write a table in parts and put the value that a part has in common into the name of its
folder, and not into the file.  Folders of that form below a path of the recipe (or behind the first
`*` of a pattern) become columns: whole numbers where all of them are, else text.  Signs that a
folder cannot hold are written as `%2F` there; `__HIVE_DEFAULT_PARTITION__` means missing.

A value is a cell and is never used as a path.  One that would lead elsewhere (`..`) is refused all
the same, because nobody writes it by accident.

Source: https://hive.apache.org/docs/latest/language/languagemanual-ddl/#partitioned-tables
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath
from urllib.parse import unquote

import pyarrow as pa

from stoker.core.errors import DataError, Place
from stoker.core.events import message
from stoker.data.acquire import OWN_COLUMNS

_MISSING = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_MOST_DEPTH = 16
_LOOKED_AT = 10_000
_SHOWN = 5

Keys = Mapping[str, str | None]


@dataclass(frozen=True)
class Part:
    """A file of a table, and what the names of its folders say of its rows."""

    path: Path
    keys: Keys = field(default_factory=dict)
    lost: str = ""
    """Folders that say nothing because they have no key, such as `north/2024`."""


def key_value(name: str) -> tuple[str, str] | None:
    """Key and value of a folder's name; None if it is of another form.

    >>> key_value("region=north"), key_value("north"), key_value("=x")
    (('region', 'north'), None, None)
    """
    key, sign, value = name.partition("=")
    return (unquote(key), unquote(value)) if key and sign else None


def files_below(folder: Path, endings: Sequence[str], depth: int = 0) -> Iterator[Path]:
    """Files of a folder, and of its folders of the form `key=value` at any depth."""
    for path in folder.iterdir():
        if path.name.lower().endswith(tuple(endings)) and not path.is_dir():
            yield path
        elif depth < _MOST_DEPTH and key_value(path.name) and path.is_dir():
            yield from files_below(path, endings, depth + 1)


def part_of(path: Path, root: Path, label: str) -> Part:
    """What the folders between a root and a file say.

    Raises:
        DataError: If a key stands there twice, or a name is not UTF-8 or would lead elsewhere.
    """
    keys: dict[str, str | None] = {}
    lost = []
    for name in path.relative_to(root).parts[:-1]:
        found = key_value(name)
        if found is None:
            lost.append(name)
            continue
        key, value = found
        problem = _problem(key, value) or (f"has the key {key!r} twice" if key in keys else None)
        if problem:
            raise DataError(
                f"stands in a folder that {problem}",
                expected="folders called key=value, each key once",
                fix="rename the folder, or name the file itself",
                place=Place(label),
            )
        keys[key] = None if value == _MISSING else value
    return Part(path, keys, "/".join(lost))


def _problem(key: str, value: str) -> str | None:
    if key in OWN_COLUMNS:
        return f"is called {key!r}, which is stoker's own"
    for text in (key, value):
        if not text.isprintable():
            return "has signs in its name that cannot be printed"
        if ".." in PurePath(text.replace("\\", "/")).parts:
            return f"would lead elsewhere: {text!r}"
    return None


def folder_above(path: Path, key: str) -> Path | None:
    """The folder to read so that a key in the names of folders above a path becomes a column.

    >>> folder_above(Path("sales/region=north/a.parquet"), "region")
    PosixPath('sales')
    """
    for folder in (path, *path.parents):
        found = key_value(folder.name)
        if found and found[0] == key:
            return folder.parent
    return None


def nameless_folders(paths: Iterable[Path]) -> list[str]:
    """Names of the folders of files, where they differ and have no key; a few of them.

    >>> nameless_folders([Path("d/north/a.csv"), Path("d/south/a.csv"), Path("d/south/b.csv")])
    ['north', 'south']
    >>> nameless_folders([Path("d/a.csv"), Path("d/b.csv")])
    []
    """
    names = list(dict.fromkeys(path.parent.name for path in paths))
    return names[:_SHOWN] if len(names) > 1 and not any(map(key_value, names)) else []


def deeper_pattern(folder: Path, name: str, endings: Sequence[str]) -> str | None:
    """A pattern for files that lie deeper in a folder; None if there are none soon."""
    for path in islice(folder.rglob("*"), _LOOKED_AT):
        if path.name.lower().endswith(tuple(endings)) and path.name[0] != ".":
            between = len(path.relative_to(folder).parts) - 1
            ending = next(end for end in endings if path.name.lower().endswith(end))
            return "/".join([name.rstrip("/"), *["*"] * between, f"*{ending}"])
    return None


def tell_lost(parts: Sequence[Part]) -> None:
    """Say that names of folders are no columns, where files come from several."""
    names = list(dict.fromkeys(part.lost for part in parts if part.lost))
    if len(names) > 1:
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        message(
            f"the names of the folders ({shown}) are no column; "
            f"folders called key=value, such as place={names[0].split('/')[0]}, become one"
        )


def key_types(parts: Sequence[Part]) -> dict[str, pa.DataType]:
    """Type of each key: whole numbers where all its values are, else text."""
    values: dict[str, list[str]] = {}
    for part in parts:
        for key, value in part.keys.items():
            values.setdefault(key, []).extend([] if value is None else [value])
    return {
        key: pa.int64() if texts and all(map(_WHOLE.fullmatch, texts)) else pa.string()
        for key, texts in values.items()
    }


def with_keys(
    table: pa.Table,
    part: Part,
    types: Mapping[str, pa.DataType],
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """The rows of a part with its keys as columns.

    A column of the file itself comes before a key of the same name.

    Args:
        table: Some rows of the part.
        part: Where they come from.
        types: Type of each key.
        columns: Names that the recipe asks for; None: all.
    """
    for key, value in wanted_keys(part.keys, columns).items():
        if key not in table.column_names:
            typed = value if value is None or types[key] == pa.string() else int(value)
            table = table.append_column(key, pa.repeat(pa.scalar(typed, types[key]), len(table)))
    return table


def wanted_keys(keys: Keys, columns: Iterable[str] | None) -> Keys:
    """The keys that are asked for; all if nothing is."""
    return keys if columns is None else {key: keys[key] for key in columns if key in keys}
