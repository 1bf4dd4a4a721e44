"""Run a splitter over the rows of a dataset.

Rows are united to units, rows that a source put into a part stay there, and the splitter divides
the others.  A training row of the unit of a published test row is rejected: kept, it would make the
score a lie.

Units are groups, and for pictures also equal content.  Rows of a table that look the same are
usually different people or things, and uniting them would leave a table of categories with a few
units; so they are united only if the recipe says so, by their inputs and never by the target.  See
decision 018.

Cost: some 100 bytes a row in numpy; where contents count, one pass of Daft for their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker import engine
from stoker.cells.categories import named_as
from stoker.cells.spelling import one_name_each
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.errors import DataError, RecipeError
from stoker.core.seeds import derive_seed
from stoker.core.steps import step_name
from stoker.data.content import content_columns, content_number_N, with_keys
from stoker.data.dataset import Dataset
from stoker.data.flow import flow, stated
from stoker.data.reject_rows import reject_rows
from stoker.data.rejects import SCHEMA, Rejects
from stoker.data.row_moments import moments_N
from stoker.data.split import PARTS, SplitRows, Splitter
from stoker.data.units import codes_of, unite
from stoker.engine.table_file import read_table, write_table
from stoker.store.durable import machine_errors

_OPEN = -1
_MOST_LABELS, _MOST_SPELLINGS = 100, 1_000
_FEWEST_ROWS = 3


Called = Callable[[dict[str, int]], Mapping[str, str]]


@dataclass(frozen=True)
class _Columns:
    """Columns that a split looks at."""

    target: str | None
    group: str | None
    time: str | None
    stratify: str | None
    together: bool
    """Whether rows of equal content share a part."""
    called: Called
    """What each spelling of the target is called; spellings of one target have one name."""

    @property
    def named(self) -> list[str]:
        """Each of them once."""
        names = (self.target, self.group, self.time, self.stratify)
        return list(dict.fromkeys(name for name in names if name is not None))


def split_rows(  # noqa: PLR0913 - the keys of the recipe's split, each by its name
    splitter: Splitter,
    rows_path: Path,
    dataset: Dataset,
    folder: Path,
    *,
    inputs: Sequence[str] = (),
    target: str | None = None,
    group: str | None = None,
    time: str | None = None,
    stratify: str | None = None,
    together: bool | None = None,
    called: Called = one_name_each,
    seed: int,
) -> dict[str, Any]:
    """Give each row a part.

    Args:
        splitter: How to divide the rows whose part is open.
        rows_path: Table of the cleaned rows.
        dataset: Dataset they come from.
        folder: An existing empty folder; gets `parts.parquet`, `rejects.parquet`, `split.json`.
        inputs: Input columns, which make the content; empty: all but the target.
        target: Target column, counted in the summary.
        group: Column whose equal values stay together; rows without a value stand alone.
        time: Column to order by.
        stratify: Column whose values keep their shares.
        together: Whether rows of equal content share a part; None: if there are media.
        called: As of the task: gets the rows of each spelling of a target, gives their names.
        seed: Seed of the recipe.

    Returns:
        What is written to `split.json`: method, rows and labels of each part, notes.

    Raises:
        RecipeError: If a column is not there, or the step lacks the column that it needs.
        DataError: If train, validation or test would be empty, or no time can be read.
    """
    together = bool(dataset.media_columns) if together is None else together
    columns = _Columns(target, group, time, stratify, together, called)
    _require_columns(rows_path, columns, splitter)
    rows, content_N, key_N = _read(rows_path, dataset, inputs, columns)
    rejects, notes = Rejects(), {}
    unit_N = unite(content_N, codes_of(rows[group]) if group else None)
    _tell_units(unit_N)
    claim_N = _claims(rows)
    gone_N = _reject_leaks(rows, unit_N, claim_N, rejects)
    moment_N = None
    if splitter.needs == "time" and stratify:
        events.warning("a split by time keeps no shares, so data.split.stratify is not used")
    if splitter.needs == "time" and time is not None:
        moment_N = _moments(rows, time, claim_N, gone_N, rejects)
    part_N = _settle(unit_N, claim_N)
    is_open_N = (part_N == _OPEN) & ~gone_N
    shares = _shares(splitter, part_N[~gone_N])
    if is_open_N.any():
        strata = _named(rows, stratify, columns).filter(pa.array(is_open_N)) if stratify else None
        labels = None if strata is None else _labels(strata)
        moments = None if moment_N is None else moment_N[is_open_N]
        open_rows = _open_rows(unit_N[is_open_N], key_N[is_open_N], labels, moments)
        draw = derive_seed(seed, "split")
        part_N[is_open_N] = splitter.divide(open_rows, **shares, seed=draw)
        notes |= {} if strata is None else _warn_tiny(strata, stratify)
    _require_parts(part_N[~gone_N], splitter)
    kept = rows.filter(pa.array(~gone_N))
    summary = _summary(splitter, kept, part_N[~gone_N], unit_N[~gone_N], columns)
    units = {"units": summary["units"]}
    flows = stated([flow("split", rows.num_rows, len(rejects), notes=units)])
    info = {**summary, "rows_in": rows.num_rows, "rejected": len(rejects), "notes": notes}
    info |= {"flows": flows}
    _write(folder, kept["_row"], part_N[~gone_N], rejects, info)
    return info


def _require_columns(rows_path: Path, columns: _Columns, splitter: Splitter) -> None:
    """Refuse columns that are not there or hold no plain values."""
    schema = pq.read_schema(rows_path)
    names = schema.names
    for key in ("group", "time", "stratify", "target"):
        name = getattr(columns, key)
        if name is not None and name not in names:
            own = ", ".join(n for n in names if not n.startswith("_"))
            raise RecipeError(f"{key}: there is no column {name!r}", expected=f"one of {own}")
        if name is not None and pa.types.is_nested(schema.field(name).type):
            raise RecipeError(
                f"{key}: cells of column {name!r} are lists or records",
                expected="a column of text, numbers, bools or times",
            )
    needed = splitter.needs
    if needed is not None and getattr(columns, needed) is None:
        raise RecipeError(
            f"split {step_name(splitter)} needs a column to go by",
            expected=f"a column name under data.split.{needed}",
        )


def _read(
    rows_path: Path, dataset: Dataset, inputs: Sequence[str], columns: _Columns
) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Own and named columns of all rows, the number of each row's content, the key of its place."""
    kept = ["_row", "_part", "_source", "_line", *columns.named]
    media = [name for name in dataset.media_columns if name in inputs] or dataset.media_columns
    if not (media or columns.together):
        rows = read_table(rows_path, list(dict.fromkeys(kept)))
        return rows, np.arange(rows.num_rows), _place_keys(rows)
    frame = engine.read(rows_path)
    there = [*inputs] or [name for name in frame.column_names if name != columns.target]
    rows = with_keys(frame, content_columns(there, media), kept)
    content_N = content_number_N(rows) if columns.together else np.arange(rows.num_rows)
    if not media:
        return rows, content_N, _place_keys(rows)
    # each picture is a file of its own, which keeps its name when others are added
    key_N = with_keys(frame, ["_source", "_line"], [])["_key_0"].to_numpy()
    return rows, content_N, key_N


def _tell_units(unit_N: np.ndarray) -> None:
    """Say how many units are divided, where they are fewer than the rows."""
    units = int(unit_N.max(initial=-1)) + 1
    if units < len(unit_N):
        events.message(f"split: {len(unit_N):,} rows make {units:,} units that stay together")


def _place_keys(rows: pa.Table) -> np.ndarray:
    """Key of each row of a table, uint64: the number of its file and its line in it.

    Neither what is in the row nor the file's name counts, so that a column may be added or mended
    and a file renamed without a new draw.
    """
    file_N = rows["_source"].combine_chunks().dictionary_encode().indices.to_numpy()
    return (file_N.astype(np.uint64) << np.uint64(40)) + rows["_line"].to_numpy().astype(np.uint64)


def _claims(rows: pa.Table) -> np.ndarray:
    """Part that each row's source names, int8, -1 where it names none."""
    at = pc.index_in(rows["_part"], value_set=pa.array(PARTS))
    return pc.fill_null(at, _OPEN).to_numpy().astype(np.int8)


def _strongest(unit_N: np.ndarray, claim_N: np.ndarray) -> np.ndarray:
    """Strongest claim in each row's unit: test over validation over train over none."""
    strongest_U = np.full(unit_N.max(initial=-1) + 1, _OPEN, np.int8)
    np.maximum.at(strongest_U, unit_N, claim_N)
    return strongest_U[unit_N]


def _reject_leaks(
    rows: pa.Table, unit_N: np.ndarray, claim_N: np.ndarray, rejects: Rejects
) -> np.ndarray:
    """Which rows go because their unit stands in a validation or test part of a source."""
    strongest_N = _strongest(unit_N, claim_N)
    gone_N = (strongest_N >= 1) & (claim_N < strongest_N)
    reasons = pa.array(
        [f"has the content or group of a row that a source puts into the {p} part" for p in PARTS]
    )
    leaking = rows.filter(pa.array(gone_N))
    reason = reasons.take(pa.array(strongest_N[gone_N]))
    rejects.extend(reject_rows(leaking, step="split", reason=reason))
    return gone_N


def _settle(unit_N: np.ndarray, claim_N: np.ndarray) -> np.ndarray:
    """Part of each row as far as sources decide: an open row follows a training row of its unit."""
    return np.where(claim_N == _OPEN, _strongest(unit_N, claim_N), claim_N).astype(np.int8)


def _shares(splitter: Splitter, part_N: np.ndarray) -> dict[str, float]:
    """Shares of the open rows: none for a part that a source brought."""
    return {
        "test": 0.0 if (part_N == 2).any() else splitter.test,
        "validation": 0.0 if (part_N == 1).any() else splitter.validation,
    }


def _moments(
    rows: pa.Table, time: str, claim_N: np.ndarray, gone_N: np.ndarray, rejects: Rejects
) -> np.ndarray:
    """Moment of each row; open rows without one are rejected."""
    moment_N = moments_N(rows[time])
    bad_N = np.isnan(moment_N) & (claim_N == _OPEN) & ~gone_N
    bad = rows.filter(pa.array(bad_N))
    if bad.num_rows and np.isnan(moment_N).all():
        raise DataError(
            f"no time can be read in column {time!r}, such as {str(bad[time][0].as_py())!r}",
            expected="year, month, day (2021-03-04, 2021/3/4, 2021-03-04T05:06:07Z), timestamps or "
            "numbers; day and month first could be read in two ways",
            fix="write the column in that form in the source",
        )
    found = pc.cast(bad[time], pa.string()).combine_chunks()
    reason = "is no moment; write 2021-03-04, 2021/3/4, 2021-03-04T05:06:07Z or a number"
    rejects.extend(reject_rows(bad, step="split", reason=reason, column=time, found=found))
    gone_N |= bad_N
    return moment_N


def _named(rows: pa.Table, name: str, columns: _Columns) -> pa.Array:
    """The cells of a column as text, each under the name of its class; null where missing.

    A target is read as the task reads it, any other column as categories are.
    """
    return named_as(rows[name], columns.called if name == columns.target else one_name_each)


def _labels(texts: pa.Array) -> np.ndarray:
    """Labels as codes by sorted text, so that they do not depend on the order of rows."""
    texts = pc.fill_null(texts, "")
    encoded = texts.dictionary_encode()
    rank = np.empty(len(encoded.dictionary), np.int64)
    rank[np.argsort(np.array(encoded.dictionary.to_pylist(), object))] = np.arange(len(rank))
    return rank[encoded.indices.to_numpy()]


def _open_rows(
    unit_N: np.ndarray, key_N: np.ndarray, label_N: np.ndarray | None, moment_N: np.ndarray | None
) -> SplitRows:
    """What the splitter sees; a unit goes by its first row, so one that grows keeps its key."""
    _, first_U, dense_N = np.unique(unit_N, return_index=True, return_inverse=True)
    return SplitRows(unit_N=dense_N, key_U=key_N[first_U], label_N=label_N, time_N=moment_N)


def _warn_tiny(strata: pa.Array, stratify: str | None) -> dict[str, Any]:
    """Name the labels that are too rare to stand in each part."""
    values = strata.value_counts()
    tiny = [v["values"] for v in values.to_pylist() if v["counts"] < _FEWEST_ROWS]
    if not tiny:
        return {}
    named = ", ".join(sorted(repr(value) for value in tiny)[:3])
    events.warning(
        f"{len(tiny)} of {len(values)} values of {stratify!r} stand in fewer than {_FEWEST_ROWS} "
        f"rows and cannot be in every part: {named}"
    )
    return {"tiny_labels": len(tiny)}


def _require_parts(part_N: np.ndarray, splitter: Splitter) -> None:
    """Refuse a split with an empty part; only a test part may be, whose share is said to be 0.

    Raises:
        DataError: Naming the part and the likely reason.
    """
    count = np.bincount(part_N, minlength=len(PARTS))
    for code, part in enumerate(PARTS):
        if count[code] or (part == "test" and splitter.test == 0):
            continue
        share = {"validation": splitter.validation, "test": splitter.test}.get(part)
        fix = "raise its share, bring more rows, or name fewer groups"
        if share == 0:
            fix = f"give data.split.{part} a share, or a source with part: {part}"
        elif (part_N != 0).any():
            fix = f"take `part:` off a source so that {part} rows can be drawn, or raise the share"
        raise DataError(
            f"the {part} part would be empty, of {count.sum()} rows",
            expected="at least one row in train, validation and test",
            fix=fix,
        )


def _summary(
    splitter: Splitter,
    kept: pa.Table,
    part_N: np.ndarray,
    unit_N: np.ndarray,
    columns: _Columns,
) -> dict[str, Any]:
    count = np.bincount(part_N, minlength=len(PARTS))
    return {
        "method": step_name(splitter),
        "parts": {part: int(count[code]) for code, part in enumerate(PARTS)},
        "labels": _label_counts(kept, part_N, columns),
        "units": int(np.count_nonzero(np.bincount(unit_N))),
    }


def _label_counts(
    kept: pa.Table, part_N: np.ndarray, columns: _Columns
) -> Mapping[str, dict[str, int]]:
    """Rows of each label in each part; nothing for a target of many values."""
    target = columns.target
    if target is None or pc.count_distinct(kept[target]).as_py() > _MOST_SPELLINGS:
        return {}
    encoded = _named(kept, target, columns).dictionary_encode()
    names = encoded.dictionary.to_pylist()
    if len(names) > _MOST_LABELS:
        return {}
    code_N = encoded.indices.fill_null(len(names)).to_numpy().astype(np.int64)
    table = np.zeros((len(PARTS), len(names) + 1), np.int64)
    np.add.at(table, (part_N, code_N), 1)
    ordered = sorted(range(len(names)), key=lambda code: names[code])
    return {
        part: {names[code]: int(table[row, code]) for code in ordered}
        for row, part in enumerate(PARTS)
    }


def _write(
    folder: Path, row: pa.ChunkedArray, part_N: np.ndarray, rejects: Rejects, info: dict[str, Any]
) -> None:
    parts = pa.table({"_row": row, "part": pa.array(PARTS).take(pa.array(part_N))})
    write_table(parts, folder / "parts.parquet")
    rejects.write(folder)
    with machine_errors(f"write {folder / 'split.json'}"):
        (folder / "split.json").write_bytes(canonical_json(info))
    assert rejects.table().schema == SCHEMA, "rejects have the one schema"
