"""Rows to be answered: a table file, a folder of pictures, or one picture.

Tables are read by the same sources that a recipe uses, so what a CSV record is and which one is bad
is decided in one place.  A picture column of a table holds paths that start at the table's folder.
In a folder the rules of the source `images` hold: what a file is, its contents say and not its
ending; every file is a row or a reject; hidden files (a leading dot), `Thumbs.db` and `desktop.ini`
are neither; symbolic links are followed with `follow_links=true` only.

Cost: memory for some thousands of rows, or for the encoded pictures of one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stoker.cells.image_formats import FORMATS
from stoker.cli.options import check_options, given_options, make_settings
from stoker.core.errors import DataError, Place
from stoker.core.value import Value
from stoker.data.acquire import SourceColumn
from stoker.data.fingerprint import default_cache
from stoker.data.media import MediaWriter
from stoker.data.picture_files import Found, read_picture, shown, walk_files
from stoker.data.reading import Reading
from stoker.data.rejects import Rejects
from stoker.data.table_source import known_endings, reader_of, source_class
from stoker.store.scratch import scratch_folder

if TYPE_CHECKING:
    from stoker.bundle.interface import Interface

_PICTURES_AT_ONCE = 256


class _Folder(Value):
    """Options for a folder of pictures."""

    follow_links: bool = False
    """Whether symbolic links are followed."""


@dataclass(frozen=True)
class RowBlock:
    """Some rows, in order."""

    rows: pa.Table
    """What the predictor takes, and what else the input has."""
    shown: pa.Table
    """The columns to repeat beside the answers: the input's own, pictures as file names."""
    source: list[str]
    """File of each row."""
    line: list[int | None]
    """Line or record of each row in its file, from 1."""


def media_columns(interface: Interface) -> list[str]:
    """Input columns whose cells are encoded pictures."""
    return [column for column, fitted in interface.inputs.items() if fitted.media == "image"]


def read_blocks(
    path: Path, interface: Interface, options: Sequence[str], rejects: Rejects
) -> Iterator[RowBlock]:
    """All rows of an input.

    Args:
        path: Table file, folder of pictures, or picture.
        interface: What the model takes.
        options: Options of the source that reads a table, such as `delimiter=;`; `follow_links`
            for a folder.
        rejects: Gets what cannot become a row.

    Raises:
        DataError: If the input is missing, of unknown form, or not what the model takes.
    """
    if path.is_file() and reader_of(path):
        return _read_table(path, interface, options, rejects)
    if path.is_dir() or path.is_file():
        problem = None if path.is_dir() else read_picture(path, follow_links=True)[1]
        if problem is None:
            return _read_pictures(path, interface, options, rejects)
        raise DataError(
            f"ends in no {', '.join(known_endings())} as tables do, and {problem}",
            expected="a table, a picture, or a folder of pictures",
            place=Place(str(path)),
        )
    raise DataError(
        "no such file or folder",
        expected="a table, a picture, or a folder of pictures",
        place=Place(str(path)),
    )


def _read_table(
    path: Path, interface: Interface, options: Sequence[str], rejects: Rejects
) -> Iterator[RowBlock]:
    name = reader_of(path)
    assert name is not None, "the ending is one of a table's"
    kind = source_class(name)
    fields: dict[str, object] = {"path": path.name}
    check_options(kind, fields, options)  # a wrong option is named before the file is read
    fields |= kind.told_options(path, given_options(options))
    source = make_settings(kind, fields, options)
    if "missing" not in given_options(options):
        # The predictor reads text as training did, and where that had types of its own `NA` may be
        # a category; what means "no value" among numbers and days their features know.
        source = source.verbatim()
    media = media_columns(interface)
    with scratch_folder("rows") as scratch:
        folder = path.absolute().parent
        reading = Reading(folder, scratch.path, MediaWriter(scratch.path), rejects)
        empty = True
        for table in source.read_rows(reading):
            empty = False
            for column in media:
                table = _with_files(table, column, folder, rejects)
            lines, files = table["_line"].to_pylist(), table["_source"].to_pylist()
            shown = rows = table.drop_columns(["_line", "_source"])
            for column in media:
                rows = _with_pictures(rows, column, folder)
            yield RowBlock(rows, shown, files, lines)
        if empty:
            yield _no_rows(source.seen_columns(folder, default_cache()), interface)


def _no_rows(seen: Sequence[SourceColumn] | None, interface: Interface) -> RowBlock:
    """A block of a table without rows, so that its answers are a table without rows too.

    Args:
        seen: The columns of the table; None where it has no header, so that the inputs stand in.
        interface: What the model takes.
    """
    names = [*interface.inputs] if seen is None else [one.name for one in seen if not one.left_out]
    rows = pa.table({name: pa.array([], pa.string()) for name in names})
    return RowBlock(rows, rows, [], [])


def _with_files(table: pa.Table, column: str, folder: Path, rejects: Rejects) -> pa.Table:
    """The rows whose paths name files of the folder; the others become rejects."""
    if column not in table.column_names:
        return table
    problems = [_file_problem(folder, cell) for cell in table[column].to_pylist()]
    for index, problem in enumerate(problems):
        if problem:
            rejects.add(
                source=table["_source"][index].as_py(),
                line=table["_line"][index].as_py(),
                column=column,
                found=str(table[column][index].as_py()),
                reason=problem,
                step="predict",
            )
    return table.filter(pa.array([not problem for problem in problems]))


def _file_problem(folder: Path, cell: object) -> str | None:
    if isinstance(cell, bytes) or cell is None:
        return None
    try:
        path = (folder / str(cell)).resolve()
        if not path.is_relative_to(folder.resolve()):
            return "leads out of the folder of the table"
        return None if path.is_file() else "is no file there"
    except (OSError, ValueError):
        return "is no path"


def _with_pictures(rows: pa.Table, column: str, folder: Path) -> pa.Table:
    """The rows with paths replaced by the bytes of their files."""
    if column not in rows.column_names:
        return rows
    cells = [
        cell if isinstance(cell, bytes | None) else (folder / str(cell)).read_bytes()
        for cell in rows[column].to_pylist()
    ]
    position = rows.column_names.index(column)
    return rows.set_column(position, column, pa.array(cells, pa.large_binary()))


def _read_pictures(
    path: Path, interface: Interface, options: Sequence[str], rejects: Rejects
) -> Iterator[RowBlock]:
    media = media_columns(interface)
    if len(interface.inputs) != 1 or len(media) != 1:
        raise DataError(
            "pictures alone are not enough for this model",
            expected=f"a table with the columns {interface.describe_inputs()}",
            fix="write the paths of the pictures into a column of a CSV file" if media else None,
            place=Place(str(path)),
        )
    is_file = path.is_file()
    follow = make_settings(_Folder, {}, options).follow_links or is_file
    found = [Found(path, "", None)] if is_file else walk_files(path, follow_links=follow)
    root, empty = path.parent if is_file else path, True
    for start in range(0, len(found), _PICTURES_AT_ONCE):
        block = _picture_block(
            found[start : start + _PICTURES_AT_ONCE], root, media[0], rejects, follow_links=follow
        )
        if block.source:
            empty = False
            yield block
    if empty:
        first = "".join(
            f"; {one['source']} {one['reason']}" for one in rejects.table().slice(0, 1).to_pylist()
        )
        raise DataError(
            f"there is no picture in this folder{first}",
            expected=f"files in {FORMATS}",
            place=Place(str(path)),
        )


def _picture_block(
    files: list[Found], root: Path, column: str, rejects: Rejects, *, follow_links: bool
) -> RowBlock:
    """The pictures among some files; the others become rejects."""
    names, contents = [], []
    for file in files:
        content, problem = b"", file.problem
        if problem is None:
            content, problem = read_picture(file.path, follow_links=follow_links)
        if problem is None:
            names.append(_name(file.path, root))
            contents.append(content)
            continue
        rejects.add(
            source=_name(file.path, root),
            line=None,
            column=column,
            found=shown(content),
            reason=problem,
            step="images",
        )
    return RowBlock(
        rows=pa.table({column: pa.array(contents, pa.large_binary())}),
        shown=pa.table({"file": pa.array(names, pa.string())}),
        source=names,
        line=[None] * len(names),
    )


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root)).encode(errors="surrogateescape").decode(errors="replace")
