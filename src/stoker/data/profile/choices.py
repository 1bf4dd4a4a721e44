"""All choices of one table: what `profile` writes beside the profile, and what `prepare` obeys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stoker.core.errors import ArtifactError, DataError, Place
from stoker.core.value import Value
from stoker.data.profile.choice import Choice
from stoker.data.profile.column import Profile
from stoker.data.profile.judge import judge_column
from stoker.data.profile.judge_target import judge_target
from stoker.store.durable import machine_errors

FILE_NAME = "choices.json"


class Choices(Value):
    """What was decided about every column but the target, and about the target."""

    columns: tuple[Choice, ...]
    """In the order of the table."""
    target: Choice | None
    """The task that suits the target; None if there is no such column."""
    twins: tuple[str, ...] = ()
    """Columns that stand one to one for the target."""

    def inputs(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The feature of each column that is an input, as a recipe names it."""
        return {one.column: one.feature for one in self.columns if one.feature is not None}

    def write(self, folder: Path) -> None:
        """Write `choices.json` into a folder."""
        with machine_errors(f"write {folder / FILE_NAME}"):
            (folder / FILE_NAME).write_bytes(self.model_dump_json().encode())

    @classmethod
    def open(cls, folder: Path) -> Choices:
        """Read what `write` wrote.

        Raises:
            ArtifactError: If it is something else.
        """
        path = folder / FILE_NAME
        with machine_errors(f"read {path}"):
            content = path.read_bytes()
        try:
            return cls.model_validate_json(content)
        except ValueError:
            raise ArtifactError(
                "not the choices of a profile", fix="run again", place=Place(str(path))
            ) from None


def choose(profile: Profile, target: str, *, left_out: Mapping[str, str]) -> Choices:
    """Judge every column of a table.

    Args:
        profile: What was counted.
        target: Name of the target column, which is no input.
        left_out: Columns that are no inputs whatever they hold, with the reason.
    """
    named = {**_private(profile), **left_out}
    columns = tuple(
        judge_column(column, named.get(column.name))
        for column in profile.columns
        if column.name != target
    )
    found = profile.column(target)
    return Choices(columns=columns, target=None if found is None else judge_target(found))


def require_inputs(choices: Choices) -> None:
    """Refuse a table without any usable column.

    Raises:
        DataError: If there is none.
    """
    if not choices.inputs():
        raise DataError(
            "no column can serve as an input",
            expected="at least one column of pictures, numbers, categories, moments or text",
            fix="name the columns under `inputs:` in the recipe",
        )


def _private(profile: Profile) -> dict[str, str]:
    why = "its name begins with an underscore; name it under inputs to keep it"
    return {column.name: why for column in profile.columns if column.name.startswith("_")}


def left_out(divided_by: dict[str, str], row_numbers: tuple[str, ...]) -> dict[str, str]:
    """Columns that are no inputs whatever they hold, with the reason.

    Args:
        divided_by: Columns by which rows are divided, with the key of the recipe that says so.
        row_numbers: Columns that only number the rows, as a source says.
    """
    named = dict.fromkeys(row_numbers, "it had no name and only numbers the rows")
    for name, key in divided_by.items():
        named[name] = f"{key} divides the rows by it; name it under inputs to keep it"
    return named
