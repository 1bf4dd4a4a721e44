"""First recipes for the commonest kinds of data, filled in with the user's own paths.

The templates are whole recipes (the examples folder shows the same files), so filling one in
replaces whole values and never builds YAML from pieces.  A table is read as a run would read it,
all rows of it, and what was found out about each column is written into the recipe with the reason.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core import events
from stoker.core.errors import DataError, Place, RecipeError
from stoker.data.option_text import yaml_value
from stoker.data.partitions import folder_above
from stoker.data.patterns import fixed_part, is_pattern
from stoker.data.profile.choice import quoted

if TYPE_CHECKING:
    from stoker.data.acquire import Source
    from stoker.data.dataset import Dataset
    from stoker.data.profile.choice import Choice
    from stoker.data.profile.choices import Choices
    from stoker.data.profile.column import Profile
    from stoker.data.profile.relations import Relation
    from stoker.data.profile.totals import TotalRow

_FOLDER = Path(__file__).with_name("templates")
_WILDCARD = re.compile(r"\[[^\]]*\]|[*?]")
_INPUTS = """\
# inputs:                               # absent: chosen from the columns, and printed
#   age: number
#   city: category"""
"""Those lines of the template."""


def read_template(name: str) -> str:
    """The template as it stands."""
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def fill_images(folder: Path, project: Path) -> str:
    """The recipe for a folder of pictures.

    Raises:
        DataError: If it is not a folder, or has fewer than two sub-folders, which are the classes.
    """
    _require_classes(
        folder,
        "pictures",
        "sort the pictures into folders named after their class, "
        "or use a table with a path column: stoker describe data.sources",
    )
    text = read_template("images").replace("data/images", relative(folder, project))
    return filled(text.replace("name: images", f"name: {recipe_name(folder, 'images')}"))


def fill_text(folder: Path, project: Path) -> str:
    """The recipe for a folder of texts.

    Raises:
        DataError: If it is not a folder, has fewer than two sub-folders, which are the classes, or
            there is no text in it.
    """
    from stoker.data.table_source import source_class

    _require_classes(
        folder,
        "texts",
        "sort the texts into folders named after their class; texts in a table or in JSON lines: "
        "stoker init table FILE --target COLUMN",
    )
    said = relative(folder, project)
    for key, value in source_class("text").told_options(folder, {}).items():
        said += f", {key}: {yaml_value(value)}"
        events.message(f"{key}: {yaml_value(value)}, as some of the files are")
    text = read_template("text").replace("data/texts", said)
    return filled(text.replace("name: text", f"name: {recipe_name(folder, 'text')}"))


def _require_classes(folder: Path, what: str, fix: str) -> None:
    """Refuse what is no folder, or has fewer than two sub-folders.

    Raises:
        DataError: Saying so.
    """
    place = Place(str(folder))
    if not folder.is_dir():
        raise DataError("no such folder", expected=f"a folder of {what}", place=place)
    classes = [entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."]
    if len(classes) < 2:
        raise DataError(
            f"{len(classes)} sub-folders",
            expected="one sub-folder per class, at least two",
            fix=fix,
            place=place,
        )


def fill_table(path: Path, target: str | None, project: Path, pairs: Sequence[str] = ()) -> str:
    """The recipe for a table; task, inputs and their options follow from all of its rows.

    Args:
        path: A file, or several of one kind as a folder or a pattern.
        target: Column to predict.
        project: Folder of the recipe.
        pairs: `KEY=VALUE` options of the source, which are written down too.

    Raises:
        DataError: If the file is missing or empty, its form is unknown, or a run could not read it.
        RecipeError: If the target is not named, is not a column, or nothing can be learned of it.
    """
    # Only here: `stoker init images` needs none of what reads tables.
    from stoker.cli.first_inputs import commented, inputs_block
    from stoker.cli.table_file import open_table
    from stoker.data.fingerprint import default_cache
    from stoker.data.profile.relations import relations
    from stoker.data.profile.scan import scanning
    from stoker.data.profile.totals import totals_of

    table, place = open_table(path, pairs), Place(str(path))
    _early_target(target, table.source, place)
    with scanning([table.source], project, default_cache()) as scan:
        target = _target(target, scan.dataset, place)
        choices = _choices(scan.profile, target, scan.dataset)
        tied = relations(scan.profile, target)
        totals = totals_of(scan.profile.columns, scan.dataset.rows_path)
    task = _told_task(choices)
    said = "".join(f", {key}: {yaml_value(value)}" for key, value in table.options.items())
    text = read_template("table").replace(
        "csv: {path: data/rows.csv}", f"{table.reader}: {{path: {relative(path, project)}{said}}}"
    )
    text = text.replace("name: table", _name_line(path))
    is_label = task.feature is not None and "classify" in task.feature
    text = text.replace(", stratify: label", f", stratify: {quoted(target)}" if is_label else "")
    text = _without_totals(_with_relations(text, tied), totals)
    line = commented(f"target: {{{quoted(target)}: {task.written}}}", task.why)
    text = re.sub(r"(?m)^target: .*$", lambda _: line, text)
    return filled(text.replace(_INPUTS, inputs_block(choices)))


def _early_target(target: str | None, source: Source, place: Place) -> None:
    """Answer a wrong target before all rows are read, where a header tells the columns."""
    from stoker.data.fingerprint import default_cache

    seen = source.seen_columns(Path.cwd(), default_cache())
    if seen:
        names = [column.name for column in seen if not column.left_out]
        left_out = {column.name: column.left_out for column in seen if column.left_out}
        chosen_target(target, names, place, left_out=left_out)


def _target(target: str | None, dataset: Dataset, place: Place) -> str:
    return chosen_target(target, list(dataset.columns), place, left_out=dataset.left_out)


def _choices(profile: Profile, target: str, dataset: Dataset) -> Choices:
    from stoker.data.profile.choices import choose, left_out

    choices = choose(profile, target, left_out=left_out({}, dataset.row_numbers))
    if not choices.inputs():
        events.warning("no column can serve as an input; the recipe says why of each")
    return choices


def _told_task(choices: Choices) -> Choice:
    """The task for the target, told; `classify` where the column has nothing to predict yet."""
    task = choices.target
    assert task is not None
    if task.feature is None:
        events.warning(f"target {task.column!r} cannot be predicted: {task.why}")
        return task.model_copy(update={"feature": {"classify": {}}})
    events.message(
        f"target {task.column!r}: {next(iter(task.feature))}, because it has {task.why}"
        f"{f'; to have it otherwise write {task.change}' if task.change else ''}"
    )
    return task


def _with_relations(text: str, tied: Sequence[Relation]) -> str:
    """The recipe with the other ways to divide the rows, below the one that is taken."""
    from stoker.cli.first_inputs import commented

    if not tied:
        return text
    lines = (
        commented(f"  # split: {{{one.key}: {quoted(one.column)}}}", _instead(one)) for one in tied
    )
    below = "\n".join(lines)
    return re.sub(r"(?m)^  split: .*$", lambda found: f"{found[0]}\n{below}", text)


def _without_totals(text: str, totals: Sequence[TotalRow]) -> str:
    """The recipe that leaves out rows of sums, which is told."""
    from stoker.cli.first_inputs import commented
    from stoker.core.events import counted

    if not totals:
        return text
    rest = f"; {counted(len(totals) - 1, 'more such rows')}" * (len(totals) > 1)
    events.warning(f"{totals[0].said}{rest}; the recipe leaves it out: clean: [total_rows]")
    line = commented("  clean: [total_rows]", f"{totals[0].said}{rest}")
    return re.sub(r"(?m)^  split: ", lambda found: f"{line}\n{found[0]}", text)


def _name_line(path: Path) -> str:
    """The line that names the recipe, with the file's own name where that cannot be used."""
    from stoker.cli.first_inputs import commented

    name = recipe_name(path, "table")
    stem = path.absolute().stem
    if name.startswith("table-") and not stem.isascii():
        return commented(f"name: {name}", f"for {stem}: names are ASCII, choose one you like")
    return f"name: {name}"


def filled(text: str) -> str:
    """The recipe without the marks that say what to edit."""
    return re.sub(r"(?m) +# <--.*$", "", text)


def chosen_target(
    target: str | None, columns: list[str], place: Place, *, left_out: Mapping[str, str]
) -> str:
    """The column to predict, checked against those there are.

    Raises:
        RecipeError: If it is not named, is not there, or is of a type that is not read.
    """
    listed = ", ".join(columns[:40]) + (", ..." if len(columns) > 40 else "")
    if target is None:
        raise RecipeError(
            "which column shall be predicted?",
            expected=f"--target with one of {listed}",
            place=place,
        )
    if target in left_out:
        raise RecipeError(
            f"column {target!r} cannot be predicted: it {left_out[target]}",
            expected=f"one of {listed}",
            place=place,
        )
    if target not in columns:
        raise RecipeError(
            f"no column {target!r}",
            expected=f"one of {listed}",
            fix=_nearest(target, columns, Path(place.file or ".")),
            place=place,
        )
    return target


def _nearest(target: str, columns: Sequence[str], path: Path) -> str | None:
    """What may be meant by a column that is not there: the name of a folder, or another column."""
    above = folder_above(path.absolute(), target)
    if above is not None:
        shown = shlex.quote(os.path.relpath(above))
        return (
            f"{target!r} stands in the name of a folder, and one folder is one value: "
            f"stoker init table {shown} reads all of them"
        )
    near = get_close_matches(target, columns, n=1)
    return f"did you mean {near[0]!r}?" if near else None


def relative(path: Path, project: Path) -> str:
    """The path as a recipe in `project` names it: whole if it was given whole and lies elsewhere.

    A relative one leads from the recipe's folder, out of it where it must; it is written whole
    where that way would end at another file, as it may behind a link.
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the user's links
    if path.is_absolute() and not whole.is_relative_to(project):
        return quoted(whole.as_posix())
    way = Path(os.path.relpath(whole, project))
    there, here = project / way, path
    if is_pattern(path):
        there, here = fixed_part(there), fixed_part(here)
    leads_there = there.exists() and there.samefile(here)
    return quoted((way if leads_there else whole).as_posix())


def recipe_name(path: Path, otherwise: str) -> str:
    """A name for the recipe made from a file name, of a pattern's folder else; names are ASCII.

    A name in another script becomes the word and four digits of its hash, so that two such tables
    do not become versions of one model.

    >>> recipe_name(Path("My data (2).csv"), "table"), recipe_name(Path("数据.csv"), "table")
    ('My-data-2', 'table-a4c5')
    >>> recipe_name(Path("sales/*.csv"), "table"), recipe_name(Path("sales/y=*/eu-*.csv"), "table")
    ('sales', 'eu')
    """
    path = path.absolute()
    while _WILDCARD.search(path.name) and not re.search(r"\w", _WILDCARD.sub("", path.stem)):
        path = path.parent
    stem = _WILDCARD.sub("-", path.name).partition(".")[0] or path.stem
    name = re.sub(r"[^A-Za-z0-9._]+", "-", stem).strip("-._")
    if name:
        return name[:64]
    return f"{otherwise}-{hashlib.blake2b(stem.encode(), digest_size=2).hexdigest()}"


def _instead(tied: Relation) -> str:
    """Why to divide the rows so, and what else has to be changed for it."""
    also = "in the place of the line above"
    if tied.key == "group":
        also += f", and without {tied.column} under inputs"
    return f"{also}: {tied.why}"
