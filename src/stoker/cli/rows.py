"""Rows to be answered: tables, pictures, texts, folders of these, or patterns that name several.

Tables are read by the same sources that a recipe uses, so what a CSV record is and which one is bad
is decided in one place.  A picture column of a table holds paths that start at the table's folder.
In a folder the rules of the source `images` hold: what a file is, its contents say and not its
ending; every file is a row or a reject; hidden files (a leading dot), `Thumbs.db` and `desktop.ini`
are neither, and so are files that are plainly something else, which are told; symbolic links are
followed with `follow_links=true` only.  Texts are read by the source `text` itself.

Rows of several files have the name of theirs beside them, in the column `file`.

Cost: memory for some thousands of rows, or for the encoded pictures of one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stoker.cells.image_formats import FORMATS
from stoker.cli.input_files import TableInput, named_by, table_input, text_input
from stoker.cli.options import check_options, given_options, make_settings
from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.core.names import listed
from stoker.core.value import Value
from stoker.data.acquire import SourceColumn
from stoker.data.file_tree import Found, Walk, others_in_words, shown, walk_files, walk_paths
from stoker.data.fingerprint import default_cache
from stoker.data.media import MediaWriter
from stoker.data.patterns import fixed_part, is_pattern
from stoker.data.picture_files import no_picture, read_picture
from stoker.data.reading import Reading
from stoker.data.rejects import Rejects
from stoker.data.table_source import known_endings, source_that_reads
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
    path: Path,
    interface: Interface,
    options: Sequence[str],
    rejects: Rejects,
    *,
    reader: str | None = None,
) -> Iterator[RowBlock]:
    """All rows of an input.

    Args:
        path: Table file, picture, folder of either, or pattern that names several.
        interface: What the model takes.
        options: Options of the source that reads a table, such as `delimiter=;`; `follow_links`
            for a folder.
        rejects: Gets what cannot become a row.
        reader: Name of the source that reads the table; None: by the ending of its name.

    Raises:
        RecipeError: If an option is wrong, or there is no such source.
        DataError: If the input is missing, of unknown form, or not what the model takes.
    """
    inputs = interface.inputs.items()
    documents = [name for name, fitted in inputs if fitted.documents or fitted.ragged]
    if reader is None and len(documents) == len(interface.inputs) == 1:
        texts = text_input(path, documents[0])
        if texts is not None:
            return _read_texts(texts, documents[0], options, rejects)
    media = media_columns(interface)
    is_only = len(media) == len(interface.inputs) == 1
    table = table_input(path, only_pictures=is_only, reader=reader)
    if table is not None:
        return _read_table(table, interface, options, rejects)
    if path.is_dir() or path.is_file() or is_pattern(path):
        problem = read_picture(path, follow_links=True)[1] if path.is_file() else None
        if problem is None:
            return _read_pictures(path, interface, options, rejects)
        raise DataError(
            f"ends in no {', '.join(known_endings())} as tables do, and {problem}",
            expected="a table, a picture, or a folder of pictures",
            fix="name the source that reads it: --source csv, or module:Class of your own",
            place=Place(str(path)),
        )
    raise DataError(
        "no such file or folder",
        expected="a table, a picture, a folder of either, or a pattern in quotes",
        place=Place(str(path)),
    )


def _read_table(
    given: TableInput, interface: Interface, options: Sequence[str], rejects: Rejects
) -> Iterator[RowBlock]:
    kind, folder = source_that_reads(given.reader), given.folder
    fields: dict[str, object] = {"path": given.name}
    check_options(kind, fields, options)  # a wrong option is named before the file is read
    fields |= given.told_options(given_options(options))
    source = make_settings(kind, fields, options)
    if "missing" not in given_options(options):
        # The predictor reads text as training did, and where that had types of its own `NA` may be
        # a category; what means "no value" among numbers and days their features know.
        source = source.verbatim()
    media = media_columns(interface)
    with scratch_folder("rows") as scratch:
        reading = Reading(folder, scratch.path, MediaWriter(scratch.path), rejects)
        names: list[str] = []
        for table in source.read_rows(reading):
            names = _same_columns(names, table)
            for column in media:
                table = _with_files(table, column, folder, rejects)
            lines, files = table["_line"].to_pylist(), table["_source"].to_pylist()
            shown = rows = table.drop_columns(["_line", "_source"])
            if given.is_several:
                shown = _with_file(shown, files)
            for column in media:
                rows = _with_pictures(rows, column, folder)
            yield RowBlock(rows, shown, files, lines)
        if not names:
            yield _no_rows(source.seen_columns(folder, default_cache()), interface)


def _read_texts(
    given: TableInput, column: str, options: Sequence[str], rejects: Rejects
) -> Iterator[RowBlock]:
    """Texts, one a file, by the rules of the source that training reads them with."""
    kind, folder = source_that_reads(given.reader), given.folder
    fields: dict[str, object] = {"path": given.name}
    check_options(kind, fields, options)
    told = kind.told_options(folder / given.name, given_options(options))
    columns = {"text_column": column, "label_column": None}
    source = make_settings(kind, fields | told, options).model_copy(update=columns)
    source.files(folder, default_cache())  # what a whole folder lacks is told before any answer
    with scratch_folder("rows") as scratch:
        reading = Reading(folder, scratch.path, MediaWriter(scratch.path), rejects)
        empty = True
        for table in source.read_rows(reading):
            empty, files = False, table["_source"].to_pylist()
            shown = pa.table({"file": pa.array(files, pa.string())})
            yield RowBlock(table.select([column]), shown, files, [None] * len(files))
    if empty:
        raise DataError(
            f"there is no text here{_first_of(rejects)}",
            expected="files of plain text, HTML or PDF",
            place=Place(given.name),
        )


def _first_of(rejects: Rejects) -> str:
    """The first reject, to be added to a message; empty: there is none."""
    return "".join(
        f"; {one['source']} {one['reason']}" for one in rejects.table().slice(0, 1).to_pylist()
    )


def _same_columns(before: list[str], table: pa.Table) -> list[str]:
    """The columns of a table; one file with others than the file before it is refused.

    Raises:
        DataError: Naming it, and the columns.
    """
    names = table.column_names
    if before and names != before:
        change = (
            [f"lacks {listed(lost)}"] if (lost := [n for n in before if n not in names]) else []
        )
        change += [f"adds {listed(new)}"] if (new := [n for n in names if n not in before]) else []
        raise DataError(
            f"columns differ from those of the files before it: "
            f"{' and '.join(change) or 'they stand in another order'}",
            expected="files with the same columns, as one table in parts has",
            fix="answer it by itself",
            place=Place(table["_source"][0].as_py()),
        )
    return names


def _with_file(shown: pa.Table, files: list[str]) -> pa.Table:
    """The columns to repeat, with the file of each row in front."""
    name = "file"
    while name in shown.column_names:
        name = f"input_{name}"
    return shown.add_column(0, name, pa.array(files, pa.string()))


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
    follow = make_settings(_Folder, {}, options).follow_links or path.is_file()
    root, (found, others, _) = _walk(path, follow_links=follow)
    if others:
        named = others_in_words([_name(one, root) for one in others], "picture")
        events.message(f"left out {named}")
    empty = True
    for start in range(0, len(found), _PICTURES_AT_ONCE):
        block = _picture_block(
            found[start : start + _PICTURES_AT_ONCE], root, media[0], rejects, follow_links=follow
        )
        if block.source:
            empty = False
            yield block
    if empty:
        where = "in this folder" if path.is_dir() else "here"
        raise DataError(
            f"there is no picture {where}{_first_of(rejects)}",
            expected=f"files in {FORMATS}",
            place=Place(str(path)),
        )


def _walk(path: Path, *, follow_links: bool) -> tuple[Path, Walk]:
    """Where names start, and the files of a picture, a folder or a pattern."""
    is_other = no_picture(follow_links=follow_links)
    if path.is_file():
        return path.parent, Walk([Found(path, "", None)], [])
    if path.is_dir():
        return path, walk_files(path, is_other, follow_links=follow_links)
    return fixed_part(path), walk_paths(named_by(path), is_other, follow_links=follow_links)


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
