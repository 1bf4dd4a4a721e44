"""The source of a table that stands on the command line, with the options that were given.

`--set KEY=VALUE` gives an option of the source; what it does not say is told from the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stoker.cli.options import check_options, given_options, make_settings
from stoker.core.errors import RecipeError
from stoker.data.acquire import Source
from stoker.data.table_source import reader_of, source_that_reads, table_source


@dataclass(frozen=True)
class TableFile:
    """How a file, or several of one kind, is read."""

    reader: str
    """Name of the source."""
    options: dict[str, Any]
    """Its options beside the path, those given and those found; a recipe names them."""
    source: Source


def open_table(path: Path, pairs: Sequence[str], reader: str | None = None) -> TableFile:
    """The source of a table.

    Args:
        path: A file, a folder of files of one kind, or a pattern of such files.
        pairs: `KEY=VALUE` options of the source.
        reader: Name of the source; absent: by the ending of the file's name.

    Raises:
        RecipeError: If an option is unknown or has a value that does not fit.
        DataError: If nothing is there, it is empty, or no source reads it.
    """
    given = given_options(pairs)
    if "path" in given:
        raise RecipeError("path is not an option here", fix="name the file as the argument")
    asked = reader or reader_of(path)
    if asked is not None:  # a wrong option is named before the file is read
        check_options(source_that_reads(asked), {"path": str(path)}, pairs)
    name, options = table_source(path, given, reader)
    fields = {"path": str(path.absolute()), **options}
    return TableFile(name, options, make_settings(source_that_reads(name), fields, pairs))
