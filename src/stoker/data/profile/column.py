"""What a profile holds: frozen values that are written as JSON and read back.

Counts are exact.  Quantiles are values of the column: the smallest value at or below which the
share of its cells lies.  Moments of time are seconds since 1970, so that one histogram serves both;
`is_time` says which they are.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stoker.cells.number_quantities import Worth
from stoker.core.errors import ArtifactError, Place
from stoker.core.value import Value
from stoker.store.durable import machine_errors

FORMAT = 1
FILE_NAME = "profile.json"


class Histogram(Value):
    """Cells by bins of equal width; a value on an edge belongs to the bin above."""

    edges: tuple[float, ...]
    """Rising, one more than bins."""
    counts: tuple[int, ...]
    """Cells of each bin."""
    below: int = 0
    """Cells below the first edge: far values would squeeze all others into one bin."""
    above: int = 0
    """Cells at or above the last edge."""


class NumberFacts(Value):
    """The numbers of a column, or its moments as seconds since 1970."""

    cells: int
    """Cells that are finite numbers."""
    distinct: int
    """Different float64 numbers among them."""
    low: float
    high: float
    mean: float
    std: float
    """Population standard deviation."""
    quantiles: dict[str, float]
    """By share of cells, such as `0.5`."""
    is_whole: bool
    """Whether none has a fraction."""
    is_time: bool = False
    """Whether they are moments: seconds since 1970, or since midnight for times of day."""
    zeros: int = 0
    negative: int = 0
    infinite: int = 0
    """Cells that are infinite; they count in nothing else here."""
    beyond_exact: int = 0
    """Whole numbers beyond 2**53, which a 64-bit number cannot tell apart."""
    steps_of_one: int = 0
    """Of the different whole numbers in rising order, how many stand one above the one before."""
    histogram: Histogram | None = None
    """None where the range is not a finite number."""
    far: tuple[tuple[str, int], ...] = ()
    """Values that may mean that nothing is known, as they stand in the cells, with their cells:
    such as `-999`, repeated apart from all others."""


class NumberReading(Value):
    """The way in which the texts of a column write numbers."""

    options: dict[str, str | bool | tuple[str, ...] | dict[str, Worth]]
    """Options of `number` that say so, such as `{"thousands": ","}`."""
    cells: int
    """Cells that are numbers when read so."""
    distinct: int
    """Different texts among them."""
    example: str
    """One that needs the options, if there is one."""
    is_ambiguous: bool = False
    """Whether the sign between digits may as well have its other meaning."""
    censored: tuple[tuple[str, int], ...] = ()
    """The most frequent texts that are beyond a limit, such as `<0.5`, with their cells."""
    censored_cells: int = 0
    odd: tuple[tuple[str, int], ...] = ()
    """The most frequent texts with digits that are no numbers then, with their cells."""
    odd_cells: int = 0
    words: tuple[tuple[str, int], ...] = ()
    """The most frequent texts without digits, with their cells."""
    num_words: int = 0
    """Different ones."""


class TimeReading(Value):
    """Texts that are days or moments."""

    order: str | None
    """`year_first`, `day_first` or `month_first`; None where nothing tells the last two apart."""
    cells: int
    """Cells that are moments when read so."""
    example: str
    short_years: bool = False
    """Whether some years have two digits."""
    is_time_of_day: bool = False
    odd: tuple[tuple[str, int], ...] = ()
    """The most frequent texts that are none, with their cells."""
    num_odd: int = 0
    """Different ones."""


class TextFacts(Value):
    """How the texts of a column are spelled; only columns of text have it."""

    shortest: int
    longest: int
    mean_length: float
    """Characters, blanks around a text left out."""
    mean_words: float = 1.0
    """Words between blanks; Chinese is written without any."""
    repeated_words: float = 0.0
    """Share of the words of different texts that more than one of the texts has."""
    has_han: bool = False
    """Whether Chinese characters stand in most of the texts that were looked at for words."""
    plain_numbers: int
    """Cells that are numbers in digits."""
    version: str = ""
    """One such as `3.10`, where all are numbers in digits and look like those of versions."""
    leading_zeros: int
    """Of those, cells such as `007`, which are codes."""
    marks: int = 0
    """Cells such as `-` or `None`, which mean "no value" among numbers."""
    mark_words: tuple[tuple[str, int], ...] = ()
    """The most frequent of them, with their cells."""
    errors: tuple[tuple[str, int], ...] = ()
    """Of those, errors of a spreadsheet such as `#DIV/0!`, with their cells."""
    booleans: int = 0
    """Cells that are one of a pair such as yes and no."""
    codes: int = 0
    """Cells of one word that has a digit and a letter or an inner hyphen."""
    pairs: int = 0
    """Cells of two or three numbers with a sign between them, such as `130/85` or `131-88`."""
    blanks_around: int
    alike: tuple[tuple[str, str], ...] = ()
    """Some pairs of values that only blanks, width or case tell apart."""
    others: tuple[tuple[str, int], ...] = ()
    """The most frequent texts that are no number, where plain numbers are most."""
    num_others: int = 0
    """Different texts that are neither a plain number nor a mark."""
    units: tuple[str, ...] = ()
    """What stands beside the digits, where nearly all cells are numbers in several units that
    nothing brings together; the commonest first."""
    unit_signs: dict[str, str] = Field(default_factory=dict)
    """Options of `number` that say the signs between digits there."""
    two_ways: str = ""
    """What to say of numbers that are written in two ways, or with something beside them that is
    not understood; empty: they are not."""
    number: NumberReading | None = None
    time: TimeReading | None = None


class PartFacts(Value):
    """The cells of a column in one part of the split."""

    rows: int
    missing: int
    bins: tuple[int, ...] = ()
    """Cells below, in each bin of, and above the column's histogram."""
    frequent: tuple[int, ...] = ()
    """Cells of each of the column's most frequent values, and last of all others."""
    difference: float | None = None
    """Half the sum of differences of shares from the training part, 0 to 1: how many of the cells
    would have to change for the two to look the same."""


class ColumnProfile(Value):
    """What stands in one column."""

    name: str
    declared: str
    """Type in the file that the user gave, such as `dictionary<string>` or `bool`."""
    stored: str
    """Arrow type of the dataset's column."""
    is_media: bool = False
    rows: int
    missing: int
    distinct: int
    """Different values among the cells that are not missing."""
    single: int = 0
    """Values that stand in one row only."""
    order: str = "mixed"
    """`rising` or `falling` with the rows, moments but for few slips; `grouped` (equal values stand
    together) or `mixed`."""
    frequent: tuple[tuple[str, int], ...] = ()
    """The most frequent values with their cells, most frequent first, then by text."""
    numbers: NumberFacts | None = None
    texts: TextFacts | None = None
    parts: dict[str, PartFacts] = Field(default_factory=dict)
    """By part of the split; empty if the rows are not divided yet."""

    @property
    def present(self) -> int:
        """Cells that are not missing."""
        return self.rows - self.missing


class Profile(Value):
    """What stands in a table."""

    format: int = FORMAT
    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """The column of this name, None if there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def write(self, folder: Path) -> None:
        """Write `profile.json` into a folder."""
        with machine_errors(f"write {folder / FILE_NAME}"):
            (folder / FILE_NAME).write_bytes(self.model_dump_json().encode())

    @classmethod
    def open(cls, folder: Path) -> Profile:
        """Read what `write` wrote.

        Raises:
            ArtifactError: If it is no profile, or one of a newer format.
        """
        path = folder / FILE_NAME
        with machine_errors(f"read {path}"):
            content = path.read_bytes()
        try:
            return cls.model_validate_json(content)
        except ValueError:
            raise ArtifactError(
                "not a profile that this version reads",
                expected=f"format {FORMAT}",
                fix="run again; the profile is made anew",
                place=Place(str(path)),
            ) from None
