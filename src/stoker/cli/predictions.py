"""Answer a whole input block by block, and keep what could not be answered.

Rows in = rows answered + rows rejected.  The rejects stand beside the output, in its format, and a
rejects file of an earlier call is removed when there are none now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from stoker.bundle.prediction import Prediction, labelled
from stoker.bundle.predictor import Predictor
from stoker.cells.raw import cell_text
from stoker.cli.answers import whole_file, writer_for
from stoker.cli.rows import RowBlock, read_blocks
from stoker.core import events
from stoker.core.errors import DataError, Place, RecipeError
from stoker.core.names import listed
from stoker.data.patterns import is_pattern, matching
from stoker.data.rejects import Rejects
from stoker.data.table_source import reader_of
from stoker.features import FittedFeature

_MOST_UNSEEN = 10
_SAME_THRESHOLD = 1e-9


@dataclass(frozen=True)
class Wish:
    """What answers are to hold."""

    probabilities: bool = True
    """Whether each class has a column."""
    intervals: bool = False
    """Whether they have what holds the truth in most unseen rows: ends of a number, or a set."""
    extra: Literal["ignore", "refuse"] = "ignore"
    """What to do with columns that are neither inputs nor the target."""
    source: str | None = None
    """Name of the source that reads a table; None: by the ending of its name."""


@dataclass(frozen=True)
class Done:
    """What came of an input."""

    answered: int
    """Rows that were answered."""
    rejected: int
    """Rows that were not; each once, however many reasons it has."""
    reasons: int
    """Records of the rejects file: a row has one for each of its bad cells."""
    rejects_path: Path
    has_replaced: bool = False
    """Whether the output was there before."""
    new_folder: Path | None = None
    """The outermost folder that was made for it."""

    def describe(self, output: Path) -> str:
        """How many rows of how many got an answer, and where the others are.

        >>> done = Done(3, 4, 5, Path("out.rejects.csv"))
        >>> print(done.describe(Path("out.csv")))
        3 of 7 rows answered: out.csv
        4 of 7 rows rejected, with 5 reasons: out.rejects.csv
        """
        total = self.answered + self.rejected
        replaced = ", which was there and is replaced" * self.has_replaced
        if self.new_folder is not None:
            replaced = f"; the folder {self.new_folder} is new"
        if not self.rejected:
            return f"{_rows(total)} answered: {output}{replaced}"
        reasons = f"{self.reasons} reasons" if self.reasons > 1 else "the reason"
        return (
            f"{self.answered} of {_rows(total)} answered: {output}{replaced}\n"
            f"{self.rejected} of {_rows(total)} rejected, with {reasons}: {self.rejects_path}"
        )


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def predict_file(
    predictor: Predictor,
    source: Path,
    output: Path,
    options: Sequence[str],
    wish: Wish = Wish(),
) -> Done:
    """Answer every row of `source` into `output`.

    Args:
        predictor: A loaded bundle.
        source: Table file, picture, folder of either, or pattern that names several.
        output: File to write; its ending says the format.
        options: `KEY=VALUE` options of the source that reads a table.
        wish: What the answers are to hold.

    Raises:
        RecipeError: If the model has learned no intervals.
        DataError: If a column is missing or to be refused, input or output have an unknown form, or
            a file that is read would be written over.
    """
    writer_for(output)
    path = output.with_name(f"{output.stem}.rejects{output.suffix}")
    for written in (output, path):
        _spare_the_input(source, written)
    if wish.intervals:
        _require_intervals(predictor)
    labels = predictor.classes if wish.probabilities else ()
    rejects, answered, unseen = Rejects(), 0, UnseenCells(predictor.interface.inputs)
    own_names: Mapping[str, str] = {}
    is_there, new_folder = output.exists(), _new_folder(output)
    with whole_file(output) as writer, events.task("predict", unit="rows") as progress:
        blocks = read_blocks(source, predictor.interface, options, rejects, reader=wish.source)
        for number, block in enumerate(blocks):
            found = predictor.predict(
                block.rows, on_bad="reject", extra=wish.extra, intervals=wish.intervals
            )
            answers = labelled(found.table, labels)
            if number == 0:
                own_names = _own_names(block.shown.column_names, answers.column_names)
                _tell_unused(found.ignored)
                _tell_renamed(own_names)
            writer.write(_beside(block, found, answers, own_names))
            _note_rejects(block, found, rejects)
            unseen.add(block, found)
            answered += len(found)
            progress.advance(block.rows.num_rows)
    for line in unseen.lines():
        events.message(line)
    table = rejects.table()
    _write_rejects(table, path)
    return Done(answered, num_rows(table), table.num_rows, path, is_there, new_folder)


class UnseenCells:
    """Counts cells that training never saw, column by column, and keeps the first one of each."""

    def __init__(self, inputs: Mapping[str, FittedFeature]) -> None:
        """Begin at nothing.

        Args:
            inputs: What reads each column.
        """
        self._inputs = inputs
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._rows = 0

    def add(self, block: RowBlock, found: Prediction) -> None:
        """Count those of a block."""
        self._rows += block.rows.num_rows
        self._counts.update(found.unseen)
        for name in found.unseen.keys() - self._first.keys():
            index = int(found.unseen_N[name].argmax())
            cell = cell_text(block.rows[name], index)
            hint = self._inputs[name].unseen_hint(cell)
            self._first[name] = f"{cell!r}" + (f"; {hint}" if hint else "")

    def lines(self) -> list[str]:
        """A line for each of the columns that have the most."""
        common = self._counts.most_common()
        lines = [
            f"column {name!r}: {count:,} of {self._rows:,} cells hold what training never saw, "
            f"such as {self._first[name]}"
            for name, count in common[:_MOST_UNSEEN]
        ]
        others = len(common) - len(lines)
        return [*lines, *([f"so do cells of {others} more columns"] if others else [])]


def _new_folder(output: Path) -> Path | None:
    """The outermost folder that must be made for a file; None if all are there."""
    missing = [folder for folder in output.parents if not folder.exists()]
    return missing[-1] if missing else None


def num_rows(rejects: pa.Table) -> int:
    """How many rows or files a table of rejects is about.

    >>> rejects = pa.table({"source": ["a.csv"] * 3, "line": [2, 2, 5]})
    >>> num_rows(rejects)
    2
    """
    return rejects.group_by(["source", "line"]).aggregate([]).num_rows


def tell_threshold(predictor: Predictor, of_servers: float | None) -> None:
    """Say from where on the second of two classes is answered, and what servers do otherwise.

    Args:
        predictor: What answers.
        of_servers: The recipe's `serve.threshold`, which holds for servers alone; None: none.
    """
    own, other = predictor.decision.threshold, ""
    words = predictor.decision.threshold_in_words(predictor.classes)
    if of_servers is not None and (own is None or abs(own - of_servers) > _SAME_THRESHOLD):
        words = words or "the more probable class"
        other = (
            f"; its server has serve.threshold {of_servers:g}: --threshold {of_servers:g} answers "
            "as it does"
        )
    if words:
        events.message(f"the model answers {words}{other}")


def _require_intervals(predictor: Predictor) -> None:
    """Refuse to add what the bundle does not know, instead of adding nothing.

    Raises:
        RecipeError: Saying so.
    """
    decision = predictor.decision
    if decision.interval is None and decision.share is None:
        raise RecipeError(
            f"the bundle of {predictor.info['name']} has measured no intervals",
            expected="a bundle that was trained since they are",
            fix="run its recipe again, or leave --intervals out",
        )


def _spare_the_input(source: Path, written: Path) -> None:
    """Refuse to write over what is read, by whatever name.

    Raises:
        DataError: Naming both.
    """
    if not written.exists():
        return
    if source.exists() and written.samefile(source):
        raise DataError(
            f"{written} is the input {source} itself",
            expected="an output of another name, so that the input stays",
            fix=f"-o {source.with_name('answers' + written.suffix)}",
            place=Place(str(written)),
        )
    inside = (
        source.rglob("*") if source.is_dir() else matching(source) if is_pattern(source) else ()
    )
    if reader_of(written) and any(one.samefile(written) for one in inside if one.is_file()):
        raise DataError(
            f"{written} stands among the inputs of {source}, and would be read as one",
            expected="an output in another folder",
            fix=f"-o {Path(written.name)}",
            place=Place(str(written)),
        )


def _tell_unused(names: Sequence[str]) -> None:
    if names:
        columns, them = ("columns", "them") if len(names) > 1 else ("column", "it")
        events.message(
            f"the model does not use the {columns} {listed(names)}; the output repeats {them}"
        )


def _own_names(columns: Sequence[str], answers: Sequence[str]) -> dict[str, str]:
    """New names of the input's own columns that are called like an answer.

    >>> _own_names(["id", "prediction", "prediction_input"], ["prediction", "confidence"])
    {'prediction': 'prediction_input_input'}
    """
    taken, renamed = {*columns, *answers}, {}
    for name in dict.fromkeys(columns):
        if name in answers:
            new = f"{name}_input"
            while new in taken:
                new += "_input"
            renamed[name] = new
            taken.add(new)
    return renamed


def _tell_renamed(own_names: Mapping[str, str]) -> None:
    for name, new in own_names.items():
        events.warning(f"the input's own column {name!r} is called {new!r} beside the answers")


def _beside(
    block: RowBlock, found: Prediction, answers: pa.Table, own_names: Mapping[str, str]
) -> pa.Table:
    """The input's columns and the answers, of the rows that were answered."""
    shown = block.shown.take(pa.array(found.row))
    shown = shown.rename_columns([own_names.get(name, name) for name in shown.column_names])
    for name, column in zip(answers.column_names, answers.columns, strict=True):
        shown = shown.append_column(name, column)
    return shown


def _note_rejects(block: RowBlock, found: Prediction, rejects: Rejects) -> None:
    for record in found.rejects.to_pylist():
        index = record["_row"]
        rejects.add(
            source=block.source[index],
            line=block.line[index],
            column=record["column"],
            found=record["found"],
            reason=record["reason"],
            step=record["step"],
        )


def _write_rejects(rejects: pa.Table, path: Path) -> None:
    """Write the rejects if there are any, else take away those of an earlier call."""
    if rejects.num_rows == 0:
        path.unlink(missing_ok=True)
        return
    with whole_file(path) as writer:
        writer.write(rejects.drop_columns(["_row"]))
