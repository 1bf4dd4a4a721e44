"""Which source reads a file that a user names, and the options that it needs.

A run of a recipe guesses nothing; here the guess is written into the recipe or said, where it is
seen.

Cost: 64 kB of the first file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from stoker.core.errors import DataError, Place, RecipeError
from stoker.core.steps import find_step, step_names
from stoker.data.acquire import Source
from stoker.data.partitions import files_below
from stoker.data.patterns import is_pattern, matching

_OTHERS = {
    ".xls": "save it as .xlsx or as CSV",
    ".json": "write one object a line and call it .jsonl",
    ".zip": "unpack it first",
    ".feather": "write it as Parquet",
    ".arrow": "write it as Parquet",
}
_STAGE = "stoker.data.acquire"
_LISTED = 5


def table_source(
    path: Path, given: Mapping[str, Any] | None = None, reader: str | None = None
) -> tuple[str, dict[str, Any]]:
    """The source that reads a file, or several of one kind, and the options it needs.

    Args:
        path: The file, a folder of files, or a pattern with `*`.
        given: Options that the user gave; what they say is not guessed.
        reader: Name of the source if the user gave it; absent: by the ending of the file's name.

    Raises:
        RecipeError: If there is no such source, or it reads no file.
        DataError: If nothing is there, it is empty, or no source reads it.
    """
    place = Place(str(path))
    if reader is not None:
        return reader, _named_options(reader, path, given or {})
    first = _first_file(path)
    if not first.stat().st_size:
        raise DataError("the file is empty", expected="rows with named columns", place=place)
    reader = reader_of(first)
    if reader is None:
        raise DataError(
            f"unknown kind of file {first.suffix!r}",
            expected=f"one of {', '.join(known_endings())}",
            fix=_OTHERS.get(first.suffix.lower(), "name the source that reads it: --source NAME"),
            place=place,
        )
    return reader, {**source_class(reader).told_options(first, given or {}), **(given or {})}


def _named_options(reader: str, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a file needs of a source that the user named."""
    kind = source_that_reads(reader)
    if not path.exists() and not is_pattern(path):
        raise DataError("no such file", expected=f"what {reader} reads", place=Place(str(path)))
    first = path if path.is_file() else _inside(path)[0]
    return {**kind.told_options(first, given), **given}


def reader_of(path: Path) -> str | None:
    """Name of the source that reads a file of this name; None if there is none."""
    name = path.name.lower()
    # The one that is called like the ending is asked first: each that is asked is loaded.
    names = sorted(step_names(_STAGE), key=lambda one: f".{one}" not in Path(name).suffixes)
    return next((one for one in names if name.endswith(_endings(one) or ("\0",))), None)


def known_endings() -> list[str]:
    """Endings of the files that are read as tables; those of text may be followed by `.gz`."""
    endings = (ending for name in step_names(_STAGE) for ending in _endings(name))
    return [ending for ending in endings if not ending.endswith(".gz")]


def source_class(name: str) -> type[Source]:
    """The class of a source that a recipe calls by this name."""
    return find_step(_STAGE, name, Source)


def source_that_reads(name: str) -> type[Source]:
    """The class of a source, if it reads a file that a command names.

    Raises:
        RecipeError: If there is no such source, or it takes no path.
    """
    found = source_class(name)
    if "path" not in found.model_fields:
        raise RecipeError(
            f"the source {name} has no field path, so it reads no file that a command names",
            expected="a source such as csv, or module:Class with a field path",
        )
    return found


@cache
def _endings(name: str) -> tuple[str, ...]:
    return source_class(name).endings


def _first_file(path: Path) -> Path:
    """The file, or the first one of a folder or pattern whose files are of one kind.

    Raises:
        DataError: If nothing is there, or a folder holds no table, or tables of several kinds.
    """
    place = Place(str(path))
    if path.is_file():
        return path
    if not path.is_dir() and not is_pattern(path):
        raise DataError(
            "no such file",
            expected=f"files that end in {', '.join(known_endings())}: one, a folder or a pattern",
            place=place,
        )
    inside = _inside(path)
    tables = [p for p in inside if reader_of(p)]
    kinds = {reader_of(p) for p in tables}
    if len(kinds) == 1 and len(tables) == len(inside):
        return tables[0]
    is_folder = path.is_dir()
    names = [p.name for p in (tables or (sorted(path.iterdir()) if is_folder else inside))]
    shown = ", ".join(names[:_LISTED])
    fix = f"name one of {shown}"
    raise DataError(
        f"is a {'folder' if is_folder else 'pattern'} with {_described(tables, kinds)}",
        expected="a file, or a folder or pattern with tables of one kind and nothing else",
        fix=fix if tables or not is_folder else _deeper(path, shown),
        place=place,
    )


def _inside(path: Path) -> list[Path]:
    """The files of a folder or a pattern, sorted; hidden ones left out.

    Raises:
        DataError: If a pattern fits no file.
    """
    if not path.is_dir():
        found = sorted(p for p in matching(path) if p.is_file() and p.name[0] != ".")
        if not found:
            raise DataError("no file to read here", place=Place(str(path)))
        return found
    inside = sorted(p for p in path.iterdir() if p.is_file() and p.name[0] != ".")
    return inside or sorted(files_below(path, [""]))  # a table in parts, in folders key=value


def _described(tables: list[Path], kinds: set[str | None]) -> str:
    if not tables:
        return "no table in it"
    return "tables of several kinds" if len(kinds) > 1 else "other files beside its tables"


def _deeper(path: Path, names: str) -> str:
    """What to do with a folder that has no table itself."""
    below = next((p for p in sorted(path.rglob("*")) if p.is_file() and reader_of(p)), None)
    if below is None:
        return (
            f"it holds {names}; pictures in folders: stoker init images, texts: stoker init text"
            if names
            else "fill it"
        )
    return (
        f"files lie deeper, such as {below.relative_to(path)}; write a recipe with a pattern: "
        f"stoker init table, then path: {path.name}/**/*{below.suffix}"
    )
