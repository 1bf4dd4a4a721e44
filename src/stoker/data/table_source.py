"""Which source reads a file that a user names, and the options that it needs.

A run of a recipe guesses nothing; here the guess is written into the recipe or said, where it is
seen.

Cost: 64 kB of the first file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stoker.core.errors import DataError, Place
from stoker.core.steps import step_names
from stoker.data.acquire._csv_form import DELIMITERS, CsvForm, csv_form
from stoker.data.acquire._partitions import files_below
from stoker.data.acquire._say_option import set_option
from stoker.data.acquire._text import TOLD_ENCODINGS

_READERS = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"), "jsonl"),
    **dict.fromkeys((".xlsx", ".xlsm"), "xlsx"),
}
"""Name of the source by the ending of a file."""
_OTHERS = {
    ".xls": "save it as .xlsx or as CSV",
    ".json": "write one object a line and call it .jsonl",
    ".zip": "unpack it first",
    ".feather": "write it as Parquet",
    ".arrow": "write it as Parquet",
}
_TOLD = {"delimiter": tuple(DELIMITERS), "encoding": TOLD_ENCODINGS}
"""What is told from a file, so that another file of another form is read all the same."""
_LISTED = 5


def table_source(path: Path, given: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """The source that reads a file, or a folder of files of one kind, and the options it needs.

    Args:
        path: The file or folder.
        given: Options that the user gave; what they say is not guessed.

    Raises:
        DataError: If nothing is there, it is empty, or no source reads it.
    """
    place = Place(str(path))
    first = _first_file(path)
    if not first.stat().st_size:
        raise DataError("the file is empty", expected="rows with named columns", place=place)
    reader = reader_of(first)
    if reader is None:
        raise DataError(
            f"unknown kind of file {first.suffix!r}",
            expected=f"one of {', '.join(known_endings())}",
            fix=_OTHERS.get(first.suffix.lower()),
            place=place,
        )
    return reader, {**found_options(first, reader, given or {}), **(given or {})}


def found_options(path: Path, reader: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a file needs beside those given: delimiter and encoding of CSV.

    Raises:
        DataError: If it is plainly not UTF-8 and nothing tells what else.
    """
    if reader != "csv" or {"delimiter", "encoding"} <= given.keys():
        return {}
    usual = asdict(CsvForm())
    row = given.get("header_row", 1)
    form = asdict(csv_form(path, encoding=given.get("encoding"), header_row=row))
    return {k: value for k, value in form.items() if k not in given and value != usual[k]}


def set_options(options: Mapping[str, Any]) -> str:
    """Options of a source as a command takes them, without what every file tells by itself.

    >>> print(set_options({"delimiter": ";", "encoding": "gb18030", "sheet": "A B"}))
     --set 'sheet=A B'
    >>> print(set_options({"delimiter": " ", "encoding": "koi8-r", "header": False}))
     --set 'delimiter=" "' --set encoding=koi8-r --set header=false
    """
    needed = {key: v for key, v in options.items() if v not in _TOLD.get(key, ())}
    return "".join(f" {set_option(key, value)}" for key, value in needed.items())


def reader_of(path: Path) -> str | None:
    """Name of the source that reads a file of this name; None if there is none."""
    known = step_names("stoker.data.acquire")
    endings = (reader for end, reader in _READERS.items() if path.name.lower().endswith(end))
    found = next(endings, None)
    return found if found in known else None


def known_endings() -> list[str]:
    """Endings of the files that are read as tables; those of text may be followed by `.gz`."""
    plain = (ending for ending in _READERS if not ending.endswith(".gz"))
    return [ending for ending in plain if reader_of(Path(f"x{ending}"))]


def _first_file(path: Path) -> Path:
    """The file, or the first one of a folder whose files are of one kind.

    Raises:
        DataError: If nothing is there, or a folder holds no table, or tables of several kinds.
    """
    place = Place(str(path))
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError(
            "no such file", expected="a CSV, Excel, Parquet or JSON lines file", place=place
        )
    inside = sorted(p for p in path.iterdir() if p.is_file() and p.name[0] != ".")
    if not inside:  # a table in parts, in folders called key=value
        inside = sorted(files_below(path, [""]))
    tables = [p for p in inside if reader_of(p)]
    kinds = {reader_of(p) for p in tables}
    if len(kinds) == 1 and len(tables) == len(inside):
        return tables[0]
    names = ", ".join(p.name for p in (tables or sorted(path.iterdir()))[:_LISTED])
    raise DataError(
        f"is a folder with {_described(tables, kinds)}",
        expected="a file, or a folder with tables of one kind and nothing else",
        fix=f"name one of {names}" if tables else _deeper(path, names),
        place=place,
    )


def _described(tables: list[Path], kinds: set[str | None]) -> str:
    if not tables:
        return "no table in it"
    return "tables of several kinds" if len(kinds) > 1 else "other files beside its tables"


def _deeper(path: Path, names: str) -> str:
    """What to do with a folder that has no table itself."""
    below = next((p for p in sorted(path.rglob("*")) if p.is_file() and reader_of(p)), None)
    if below is None:
        return f"it holds {names}; pictures in folders: stoker init images" if names else "fill it"
    return (
        f"files lie deeper, such as {below.relative_to(path)}; write a recipe with a pattern: "
        f"stoker init table, then path: {path.name}/**/*{below.suffix}"
    )
