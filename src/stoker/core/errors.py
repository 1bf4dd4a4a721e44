"""The errors of stoker: what happened, what was expected, what to try, and where.

    StokerError
    ├── RecipeError        the recipe, or an option that overrides it, is wrong
    ├── DataError          raw data cannot be used as asked
    ├── ArtifactError      something in the store or a bundle is missing, damaged or foreign
    ├── TrainingError      training cannot go on (diverged, not a number, nothing to learn from)
    ├── OwnCodeError       a step of the user's own, or what it returned, is wrong
    ├── GateError          a gate refused a result that is worse than was asked for
    ├── MissingExtraError  an optional library is not installed
    └── MachineError       disk, memory, permission, port: the machine, not the input

A user can cause every one of them, so each is one short text without a traceback.  Our own
invariants are `assert` statements.
"""

from __future__ import annotations

from dataclasses import dataclass


def printable(text: str) -> str:
    r"""The text with escapes for what a terminal would obey, or show as nothing.

    Names of files come from outside: a line end in one would forge a line of a log.

    >>> print(printable("a\nb\x1b[2J 李"))
    a\nb\x1b[2J 李
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(frozen=True)
class Place:
    """Where in the user's material something stands; what is unknown stays `None`.

    >>> str(Place("data/a.csv", line=7, column="age"))
    'data/a.csv:7 (column age)'
    >>> str(Place("recipe.yaml", line=3, character=5))
    'recipe.yaml:3:5'
    """

    file: str | None = None
    line: int | None = None
    """Line of a text file, from 1."""
    character: int | None = None
    """Character of that line, from 1."""
    row: int | None = None
    """Row of a table, from 0."""
    column: str | None = None
    """Name of a table's column."""

    def __str__(self) -> str:
        """`file:line:character (row r, column c)`, only what is known, in printable signs."""
        position = [str(p) for p in (self.file, self.line, self.character) if p is not None]
        cell = [
            f"{name} {value}"
            for name, value in (("row", self.row), ("column", self.column))
            if value is not None
        ]
        return printable(
            " ".join([":".join(position)] * bool(position) + [f"({', '.join(cell)})"] * bool(cell))
        )


class StokerError(Exception):
    """Something that a user can mend.

    Args:
        what: What happened, with the offending value, in one line.
        expected: What would have been right.
        fix: What to try.
        place: Where it is.

    >>> print(RecipeError("epochs is -3", expected="at least 1", place=Place("r.yaml", 9)))
    r.yaml:9: epochs is -3
      expected: at least 1
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        fix: str | None = None,
        place: Place | None = None,
    ) -> None:
        """Keep the four parts; the text is made from them."""
        super().__init__(what)
        self.what, self.expected, self.fix, self.place = what, expected, fix, place

    def __str__(self) -> str:
        """The place and what happened on the first line, then what was expected and what to try."""
        where = f"{self.place}: " if self.place and str(self.place) else ""
        lines = [f"{where}{self.what}"]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.fix:
            lines.append(f"  try:      {self.fix}")
        return "\n".join(map(printable, lines))


class RecipeError(StokerError):
    """The recipe, or an option that overrides it, is wrong; no work was started."""

    exit_code = 2


class DataError(StokerError):
    """Raw data cannot be used as asked."""


class ArtifactError(StokerError):
    """An artifact or a bundle is missing, damaged, foreign or of a newer format."""


class TrainingError(StokerError):
    """Training cannot go on."""


class GateError(StokerError):
    """A gate refused a result that is worse than was asked for."""

    exit_code = 3


class OwnCodeError(StokerError):
    """A step of the user's own raised an error, or returned what its kind does not promise."""


class MissingExtraError(StokerError):
    """An optional library is not installed.

    >>> print(MissingExtraError("lightgbm", extra="tables", needed_for="model: boosted_trees"))
    model: boosted_trees needs lightgbm, which is not installed
      try:      pip install 'stoker[tables]'
    """

    def __init__(self, library: str, *, extra: str, needed_for: str) -> None:
        """Name the library, the extra that brings it, and what asked for it."""
        super().__init__(
            f"{needed_for} needs {library}, which is not installed",
            fix=f"pip install 'stoker[{extra}]'",
        )


class MachineError(StokerError):
    """The machine refuses: disk full, no permission, port in use, not enough memory."""
