"""First recipes for the two commonest kinds of data, filled in with the user's own paths.

The templates are whole recipes (the examples folder shows the same files), so filling one in
replaces whole values and never builds YAML from pieces.  Of a table the names of the columns are
read, and the first 20,000 values of the target, which say whether it is a label or a measurement.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path

from stoker.cli.csv_form import NUMBER, CsvForm, csv_form
from stoker.core.errors import DataError, Place, RecipeError

_FOLDER = Path(__file__).with_name("templates")
_LOOKED_AT = 20_000
_FEW_LABELS, _FEW_FRACTIONS = 20, 10
_NO_VALUE = {
    "",
    "?",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "-",
    "缺失",
    "未知",
    "不详",
    "未测",
    "未填",
}
_INPUTS = """\
# inputs:                               # absent: chosen from the columns, and printed
#   age: number
#   city: category"""
"""Those lines of the template."""
_READERS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}


def read_template(name: str) -> str:
    """The template as it stands."""
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def fill_images(folder: Path, project: Path) -> str:
    """The recipe for a folder of pictures.

    Raises:
        DataError: If it is not a folder, or has fewer than two sub-folders, which are the classes.
    """
    place = Place(str(folder))
    if not folder.is_dir():
        raise DataError("no such folder", expected="a folder of pictures", place=place)
    classes = [entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."]
    if len(classes) < 2:
        raise DataError(
            f"{len(classes)} sub-folders",
            expected="one sub-folder per class, at least two",
            fix="sort the pictures into folders named after their class, "
            "or use a table with a path column: stoker describe data.sources",
            place=place,
        )
    text = read_template("images").replace("data/images", relative(folder, project))
    return filled(text.replace("name: images", f"name: {recipe_name(folder, 'images')}"))


def fill_table(path: Path, target: str | None, project: Path) -> str:
    """The recipe for a table; the task follows from the target's values.

    Labels are classified, and keep their shares in each part; a target of many different numbers is
    predicted as a number.

    Raises:
        DataError: If the file is missing or empty, its form is unknown, or it is damaged.
        RecipeError: If the target is not named or is not a column.
    """
    place = Place(str(path))
    if not path.is_file():
        raise DataError("no such file", expected="a CSV, Parquet or JSON lines file", place=place)
    if not path.stat().st_size:
        raise DataError("the file is empty", expected="rows with named columns", place=place)
    if path.suffix.lower() not in _READERS:
        raise DataError(
            f"unknown kind of file {path.suffix!r}",
            expected=f"one of {', '.join(_READERS)}",
            place=place,
        )
    reader = _READERS[path.suffix.lower()]
    form = csv_form(path) if reader == "csv" else CsvForm()
    names = column_names(path, form)
    target = chosen_target(target, names, place)
    usual = asdict(CsvForm())
    options = [item for item in asdict(form).items() if item[1] != usual[item[0]]]
    said = "".join(f", {key}: {json.dumps(value)}" for key, value in options)
    source = f"{reader}: {{path: {relative(path, project)}{said}}}"
    text = read_template("table").replace("csv: {path: data/rows.csv}", source)
    text = text.replace("name: table", f"name: {recipe_name(path, 'table')}")
    # Of Parquet the target alone: its other columns may hold pictures, and have types anyway.
    columns = first_columns(path, names if reader != "parquet" else [target], form)
    values = columns.pop(target)
    pointed = values if form.delimiter == "," else [str(v or "").replace(",", ".") for v in values]
    measured = is_measured(pointed)
    text = text.replace(", stratify: label", "" if measured else f", stratify: {quoted(target)}")
    has_commas = measured and pointed != values and any("," in str(value) for value in values)
    task = '{regress: {decimal: ","}}' if has_commas else "regress" if measured else "classify"
    text = text.replace("{label: classify}", f"{{{quoted(target)}: {task}}}")
    return filled(text.replace(_INPUTS, usual_inputs(columns, reader, form)))


def usual_inputs(columns: Mapping[str, list[object]], reader: str, form: CsvForm) -> str:
    """The lines of the recipe that name the inputs; those of the template if there are none."""
    # Only here: `stoker init images` needs neither pyarrow nor what judges columns.
    from stoker.cli.first_inputs import inputs_block
    from stoker.data.acquire.csv import Csv

    if not columns:
        return _INPUTS
    text_cells = Csv(path="rows.csv").text_cells() if reader == "csv" else None
    may_have_commas = reader == "csv" and form.delimiter != ","
    return inputs_block(columns, text_cells, quoted, may_have_commas=may_have_commas)


def is_measured(values: list[object]) -> bool:
    """Whether values of a target are measurements rather than labels: many different numbers.

    >>> is_measured([0, 1, 1, 0]), is_measured([str(n / 7) for n in range(99)])
    (False, True)
    """
    texts = {str(value).strip() for value in values if value is not None}
    texts = {text for text in texts if text.lower() not in _NO_VALUE}
    if not all(map(NUMBER.fullmatch, texts)):
        return False
    has_fraction = any(float(text) % 1 for text in texts)
    return len(texts) > (_FEW_FRACTIONS if has_fraction else max(_FEW_LABELS, len(values) / 50))


def first_columns(path: Path, names: Sequence[str], form: CsvForm) -> dict[str, list[object]]:
    """The first 20,000 values of each column.

    Raises:
        DataError: If the file cannot be read so far.
    """
    readers = {".parquet": partial(_from_parquet, names=names), ".jsonl": _from_jsonl}
    reader = readers.get(path.suffix.lower(), partial(_from_csv, names=names, form=form))
    try:
        rows = list(islice(reader(path), _LOOKED_AT))
    except (ValueError, csv.Error, RecursionError) as error:  # most errors here are ValueErrors
        raise _unread(error, path) from None
    return {name: [row.get(name) for row in rows] for name in names}


def _unread(error: Exception, path: Path) -> DataError:
    return DataError(
        f"cannot be read: {str(error).splitlines()[0]}",
        expected="a whole CSV, Parquet or JSON lines file",
        place=Place(str(path)),
    )


def _from_parquet(path: Path, names: Sequence[str]) -> Iterator[Mapping[str, object]]:
    from stoker.data.acquire._parquet_child import tables_of_child
    from stoker.data.acquire.parquet import orders_for

    for _, table in tables_of_child(orders_for([path], list(names)), [str(path)]):
        yield from table.to_pylist()


def _from_jsonl(path: Path) -> Iterator[Mapping[str, object]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for record in (json.loads(line) for line in file if line.strip()):
            yield record if isinstance(record, dict) else {}


def _from_csv(path: Path, names: Sequence[str], form: CsvForm) -> Iterator[Mapping[str, object]]:
    with path.open(encoding=form.codec, errors="replace", newline="") as file:
        records = csv.reader(file, delimiter=form.delimiter)
        if next(records, [""])[:1] == ["sep="]:  # a spreadsheet's mark stands before the header
            next(records, None)
        for record in records:
            yield dict(zip(names, record, strict=False))


def filled(text: str) -> str:
    """The recipe without the marks that say what to edit."""
    return re.sub(r"(?m) +# <--.*$", "", text)


def chosen_target(target: str | None, columns: list[str], place: Place) -> str:
    """The column to predict, checked against those there are."""
    listed = ", ".join(columns[:40]) + (", ..." if len(columns) > 40 else "")
    if target is None:
        raise RecipeError(
            "which column shall be predicted?",
            expected=f"--target with one of {listed}",
            place=place,
        )
    if target not in columns:
        near = get_close_matches(target, columns, n=1)
        raise RecipeError(
            f"no column {target!r}",
            expected=f"one of {listed}",
            fix=f"did you mean {near[0]!r}?" if near else None,
            place=place,
        )
    return target


def column_names(path: Path, form: CsvForm) -> list[str]:
    """The columns of a table, from its first record or its footer."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        from stoker.data.acquire._parquet_child import footer_of_child

        footer = footer_of_child(path, str(path))
        return [column.name for column in footer.columns if not column.left_out]
    if suffix == ".jsonl":
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            try:
                return list(json.loads(file.readline()))
            except (ValueError, TypeError, RecursionError) as error:
                raise _unread(error, path) from None
    from stoker.data.acquire.csv import Csv

    source = Csv(path=path.name, delimiter=form.delimiter, encoding=form.encoding)
    folder = path.absolute().parent
    return [column.name for column in source.seen_columns(folder, folder)]


def relative(path: Path, project: Path) -> str:
    """The path as a recipe in `project` names it: relative inside that folder, else absolute."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the user's links
    inside = whole.is_relative_to(project)
    return quoted((whole.relative_to(project) if inside else whole).as_posix())


def quoted(text: str) -> str:
    """A YAML scalar: plain if that is safe, else in JSON's quotes, which YAML reads the same.

    >>> quoted("income"), quoted("yes"), quoted("a: b"), quoted("收入")
    ('income', '"yes"', '"a: b"', '收入')
    """
    plain = re.fullmatch(r"[^\W\d_][\w ./-]*", text) and text == text.strip()
    words = ("yes", "no", "on", "off", "true", "false", "null", "y", "n", "nan", "inf")
    return text if plain and text.lower() not in words else json.dumps(text, ensure_ascii=False)


def recipe_name(path: Path, otherwise: str) -> str:
    """A name for the recipe made from a file name; names are ASCII.

    >>> recipe_name(Path("My data (2).csv"), "table"), recipe_name(Path("数据.csv"), "table")
    ('My-data-2', 'table')
    """
    name = re.sub(r"[^A-Za-z0-9._]+", "-", path.absolute().stem).strip("-._")
    return name[:64] or otherwise
