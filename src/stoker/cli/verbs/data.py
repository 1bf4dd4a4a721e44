"""Show what stands in a table, column by column.

Examples:
    stoker data show customers.csv
    stoker data show customers.csv -o customers.html
    stoker data show sales/ --json
    stoker data show sales.xlsx --set sheet=2024 --set header_row=3
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stoker.cli.app import Verb, VerbWithParts
from stoker.cli.options import IMPORT, JSON, SOURCE, SOURCE_SET

if TYPE_CHECKING:
    from stoker.data.profile.choice import Choice
    from stoker.data.profile.column import ColumnProfile, Profile


@click.group("data", cls=VerbWithParts, help=__doc__)
def verb() -> None:
    """Only a group: what it does, its parts do."""


@verb.command("show", cls=Verb)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one HTML page with a card for each column; an existing one is replaced.",
)
@SOURCE
@SOURCE_SET
@IMPORT
@JSON
def show(
    path: Path,
    output: Path | None,
    source: str | None,
    options: tuple[str, ...],
    modules: tuple[str, ...],
    as_json: bool,
) -> None:
    """Count every cell of a file, or of a folder or pattern of files of one kind.

    Each column is printed with its type, missing cells, different values, range or commonest value,
    and what a run would make of it.  Delimiter and encoding of CSV are told from the file; --set
    says them, the sheet of a workbook and other options of the source.

    Examples:
        stoker data show customers.csv
        stoker data show customers.csv -o customers.html
        stoker data show sales.xlsx --set sheet=Sales
    """
    from stoker.cli.progress import make_listener
    from stoker.cli.text import json_text
    from stoker.core.events import listening
    from stoker.data.profile.judge import judge
    from stoker.engine.without_pandas import leave_pandas_out

    leave_pandas_out()
    with listening(make_listener()):
        profile, left_out = _read(path, options, source)
    choices = judge(profile, left_out=left_out)
    if output is not None:
        _write_page(profile, choices, path, output)
        click.echo(f"wrote {output}")
        return
    if as_json:
        found = {"profile": profile.model_dump(mode="json")}
        click.echo(json_text(found | {"choices": [one.model_dump(mode="json") for one in choices]}))
        return
    click.echo(as_table(profile, choices))


def _read(path: Path, options: Sequence[str], reader: str | None) -> tuple[Profile, dict[str, str]]:
    """The profile of a file, and columns that only number its rows."""
    from stoker.cli.table_file import open_table
    from stoker.data.fingerprint import default_cache
    from stoker.data.profile.choices import left_out
    from stoker.data.profile.scan import scanning

    source = open_table(path, options, reader).source
    with scanning([source], Path.cwd(), default_cache()) as scan:
        return scan.profile, left_out({}, scan.dataset.row_numbers)


def _write_page(profile: Profile, choices: list[Choice], path: Path, output: Path) -> None:
    from stoker.report.profile_page import render_profile
    from stoker.store.durable import writing

    with writing(output) as file:
        file.write(render_profile(profile, choices, path.name).encode())


def in_doubt(choices: Sequence[Choice]) -> list[str]:
    """A line for each column that seems to tell what was not read, or may be meant otherwise.

    Columns that are lost stand first, as only some of the lines may be shown.
    """
    return [
        f"{choice.column}: {choice.why}; to have it otherwise write {choice.change}"
        for choice in sorted(choices, key=lambda choice: choice.feature is not None)
        if choice.is_notable and (choice.feature is not None or choice.is_doubtful)
    ]


def as_table(profile: Profile, choices: list[Choice]) -> str:
    """One line a column."""
    from stoker.cli.text import table
    from stoker.data.profile.missing import missing_cells

    head = ["column", "type", "missing", "different", "range or commonest", "kind", "becomes"]
    rows = [
        (
            one.name,
            one.declared,
            missing_cells(one, choice.feature),
            one.distinct,
            _middle(one),
            choice.kind,
            choice.written,
        )
        for one, choice in zip(profile.columns, choices, strict=True)
    ]
    lines = [table(head, rows), "", f"{profile.rows:,} rows; every cell was counted"]
    return "\n".join([*lines, *in_doubt(choices)])


def _middle(column: ColumnProfile) -> str:
    from stoker.report.column_cards import shown_number

    numbers = column.numbers
    if numbers is not None:
        low, high = (shown_number(v, is_time=numbers.is_time) for v in (numbers.low, numbers.high))
        return f"{low} to {high}"
    if not column.frequent:
        return "-"
    value, cells = column.frequent[0]
    text = value if len(value) <= 24 else f"{value[:23]}…"
    return f"{text} ({cells / column.present:.0%})"
