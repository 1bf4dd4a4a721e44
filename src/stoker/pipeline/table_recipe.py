"""The recipe of a table in memory: its rows become a file of the home, and the rest is a recipe.

The file is called by the SHA-256 of its content, so that equal tables are one file and a run of a
table is cached, resumed and repeated like any other.  It is Parquet with the types that the table
has; a recipe that names it by path and hash can be written down and run by the command line too.

Whether a target is a label or a number, its cells decide, by the judge of `stoker init`.  The
choice is told, and `target={"age": "classify"}` overrules it.

A table that lies in a file is read where it lies, through the source that reads its kind.

Cost: writing the table once; memory for a copy where columns must be converted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stoker.bundle.frames import Rows, index_columns, to_table
from stoker.core import events
from stoker.core.errors import DataError, RecipeError
from stoker.core.names import listed
from stoker.core.steps import make_step
from stoker.data.acquire import Source
from stoker.data.fingerprint import default_cache
from stoker.data.profile.column import ColumnProfile
from stoker.data.profile.judge_target import judge_target
from stoker.data.profile.measure import profile_column
from stoker.data.profile.scan import scanning
from stoker.data.table_source import table_source
from stoker.engine.table_file import plain_schema
from stoker.recipe.load import load_recipe
from stoker.recipe.model import VERSION, Recipe
from stoker.store.durable import make_folder, writing
from stoker.store.home import make_home, tables_folder

Target = str | int | Mapping[str, Any] | Mapping[int, Any]
"""A column, or a column and its task as in a recipe: `{"age": "regress"}`."""

_NAME = "table"
_OWN_KEYS = ("version", "target")


def table_recipe(
    rows: Rows, target: Target, keys: Mapping[str, Any], home: Path, overrides: Sequence[str] = ()
) -> Recipe:
    """The recipe that predicts a column of a table.

    Args:
        rows: An Arrow, pandas or Polars table, a list of dicts, or a dict of columns.
        target: The column to predict, or that column and its task.
        keys: Other keys of a recipe, such as `{"train": {"preset": "fast"}}`.
        home: Folder whose file of the rows is written.
        overrides: Changes such as `train.epochs=3`.

    Raises:
        RecipeError: If there is no such column, or a key is wrong.
        DataError: If the rows are no table.
    """
    _refuse_own_keys(keys)
    table = _own_columns(to_table(rows, ()))
    column, task = _target(target, table.column_names)
    task = task or _task(profile_column(column, table[column]))
    digest = save_table(table, home)
    source = {"parquet": {"path": f"{digest}.parquet", "sha256": digest}}
    raw = _raw_recipe(source, column, task, keys)
    return load_recipe(raw, overrides, project=tables_folder(home))


def file_recipe(
    path: Path, target: Target, keys: Mapping[str, Any], overrides: Sequence[str] = ()
) -> Recipe:
    """The recipe that predicts a column of a table's file, which is read where it lies.

    Args:
        path: A file, or a folder or pattern of files of one kind; delimiter and encoding of CSV are
            told from it.
        target: The column to predict, or that column and its task.
        keys: Other keys of a recipe.
        overrides: Changes such as `train.epochs=3`.

    Raises:
        RecipeError: If there is no such column, or a key is wrong.
        DataError: If it is no table.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        raise RecipeError(
            f"{path} is a recipe, and a target was given beside it",
            expected="a table and its target, or a recipe, which names its own",
            fix="leave target= out, or give overrides=['target={COLUMN: classify}']",
        )
    _refuse_own_keys(keys)
    reader, options = table_source(path)
    source = {reader: {"path": str(path), **options}}
    with scanning(
        [make_step("stoker.data.acquire", source, Source)], Path.cwd(), default_cache()
    ) as scan:
        column, task = _target(target, list(scan.dataset.columns))
        task = task or _task(next(one for one in scan.profile.columns if one.name == column))
    return load_recipe(_raw_recipe(source, column, task, keys), overrides, project=Path.cwd())


def _refuse_own_keys(keys: Mapping[str, Any]) -> None:
    """Refuse keys that follow from the table.

    Raises:
        RecipeError: Naming the first.
    """
    refused = [key for key in _OWN_KEYS if key in keys]
    if refused:
        raise RecipeError(f"the key {refused[0]!r} is written by stoker for a table")
    if "sources" in keys.get("data", {}):
        raise RecipeError(
            "data.sources and a table were given",
            expected="one of them: the table is the source",
            fix="leave data.sources out, or run a recipe instead of a table",
        )


def _raw_recipe(
    source: Mapping[str, Any], column: str, task: Any, keys: Mapping[str, Any]
) -> dict[str, Any]:
    said = {"version": VERSION, "name": _model_name(column), **keys, "target": {column: task}}
    return {**said, "data": {**keys.get("data", {}), "sources": [source]}}


def save_table(table: pa.Table, home: Path) -> str:
    """Write a table into the home, if it is not there yet, and give the SHA-256 of its file.

    Raises:
        MachineError: If the disk refuses.
    """
    content = _parquet(table)
    digest = hashlib.sha256(content).hexdigest()
    make_home(home)
    folder = tables_folder(home)
    make_folder(folder)
    path = folder / f"{digest}.parquet"
    if not path.is_file() or path.stat().st_size != content.size:
        with writing(path) as stream:
            stream.write(content)
    else:
        path.touch()  # in use again: `stoker gc` spares what is young
    return digest


def _parquet(table: pa.Table) -> pa.Buffer:
    """The table as a file; equal rows give equal bytes, whichever library they come from."""
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(table.combine_chunks(), sink, compression="zstd", write_page_checksum=True)
    except pa.ArrowException as error:
        raise DataError(
            f"the table cannot be kept: {str(error).splitlines()[0]}",
            expected="columns of numbers, text, truth values, dates, times or bytes",
            fix="leave the column out, or make such columns of it",
        ) from None
    return sink.getvalue()


def _own_columns(table: pa.Table) -> pa.Table:
    """The table in plain types, without the index of pandas, which rows to answer do not have."""
    index = index_columns(table)
    named = [name for name in index if not re.fullmatch(r"__index_level_\d+__", name)]
    if named:
        events.warning(
            f"the index {listed(named)} of the table is not used; frame.reset_index() makes "
            "columns of it"
        )
    table = table.drop_columns([name for name in index if name in table.column_names])
    return table.cast(plain_schema(table.schema))


def _target(target: Target, columns: Sequence[str]) -> tuple[str, Any]:
    """The column to predict, and its task; None where none was given."""
    column, task = _only(target) if isinstance(target, Mapping) else (str(target), None)
    if column not in columns:
        near = get_close_matches(column, columns, n=1)
        raise RecipeError(
            f"no column {column!r}",
            expected=f"one of {listed(columns)}",
            fix=f"did you mean {near[0]!r}?" if near else None,
        )
    return column, task


def _only(target: Mapping[Any, Any]) -> tuple[str, Any]:
    if len(target) != 1:
        raise RecipeError(
            f"target names {len(target)} columns", expected='one, such as {"age": "regress"}'
        )
    column, task = next(iter(target.items()))
    return str(column), task


def _task(profile: ColumnProfile) -> Any:
    """The task that suits the cells of a target; the choice is told."""
    column, choice = profile.name, judge_target(profile)
    if choice.feature is None:
        raise DataError(
            f"{column!r} cannot be predicted: {choice.why}",
            expected="a column of labels or of numbers",
            fix="name another one with target=",
        )
    change = f" ({choice.change})" if choice.change else ""
    events.message(f"{column!r} is the target, {choice.kind}: {choice.why}{change}")
    return choice.feature


def _model_name(column: str) -> str:
    """A name for the model, made from its target; names are ASCII.

    >>> _model_name("churned?"), _model_name("收入")
    ('churned', 'table')
    """
    return re.sub(r"[^A-Za-z0-9._]+", "-", column).strip("-._")[:64] or _NAME
