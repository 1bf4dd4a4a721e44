"""The `inputs` of a first recipe: every column of a table with the feature that suits it, and why.

Columns that are left out stand there too, as comments that can be taken up.  A table of more than
200 columns is not written down: a run chooses the same, and `stoker check --columns` lists it.
"""

from __future__ import annotations

from stoker.cli.text import pad
from stoker.data.profile.choice import Choice, quoted
from stoker.data.profile.choices import Choices

_MOST_COLUMNS = 200
_COLUMN = 40
_LONGEST_WHY = 160


def inputs_block(choices: Choices) -> str:
    """Lines of YAML that name the inputs, each with its reason as a comment.

    >>> number = Choice(column="age", kind="number", feature={"number": {}}, why="9 numbers",
    ...                 change="age: category")
    >>> print(inputs_block(Choices(columns=(number,), target=None)))
    inputs:                                 # columns that are not named are not used
      age: number                           # 9 numbers
    """
    if len(choices.columns) > _MOST_COLUMNS:
        return commented(
            "# inputs:",
            f"absent: chosen from {len(choices.columns):,} columns; "
            "`stoker check --columns` lists them",
        )
    head = commented("inputs:", "columns that are not named are not used")
    if not choices.inputs():
        head = commented("# inputs:", "no column can serve as it is")
    return "\n".join([head, *map(_line, choices.columns)])


def _line(choice: Choice) -> str:
    if choice.feature is None:
        return commented(f"#  {choice.change}", f"left out: {choice.why}")
    return commented(f"  {quoted(choice.column)}: {choice.written}", choice.why)


def commented(code: str, comment: str) -> str:
    """A line with a comment behind it, in one column with those of other lines.

    >>> commented("seed: 0", "any whole number")
    'seed: 0                                 # any whole number'
    >>> commented(f"{'年' * 20}: number", "wide")[20:]
    ': number  # wide'
    """
    plain = " ".join(comment.split())
    short = plain if len(plain) <= _LONGEST_WHY else f"{plain[: _LONGEST_WHY - 1]}…"
    padded = pad(code, _COLUMN, right=False)
    return f"{padded}{'' if padded.endswith(' ') else '  '}# {short}"
