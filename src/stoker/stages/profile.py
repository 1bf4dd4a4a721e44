"""Profile: count what stands in every column, by part, and choose what becomes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.cells.moments import MomentCells
from stoker.cells.numbers import NumberCells
from stoker.cells.raw import MISSING_NUMBERS
from stoker.core import events
from stoker.core.names import listed
from stoker.core.steps import expect, step_name
from stoker.dag.stage import ROWS, Stage, Work
from stoker.models import Model
from stoker.views.last_rows import rows_path
from stoker.views.split_parts import SplitParts

if TYPE_CHECKING:
    from stoker.data.dataset import Dataset
    from stoker.data.profile.choices import Choices
    from stoker.data.profile.column import Profile
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe

GROUP = "data.split.group"
_MOST_UNREAD = 5
_REMEDIES = {
    "time": "data.split.time tests on the newest rows",
    "group": "data.split.group keeps the rows of each in one part",
}


class ProfileStage(Stage):
    """Count what stands in every column and choose what becomes of it."""

    place: ClassVar[float] = 40
    memory_bytes: ClassVar[float] = 250e6

    target: str
    task: str
    """Recipe key of the task."""
    inputs: tuple[str, ...]
    """Columns that the recipe names, sorted."""
    divided_by: dict[str, str]
    """Columns by which rows are divided, with the key that names each."""
    decimals: dict[str, str]
    """The sign before fractions of each column that the recipe reads as numbers."""
    missing: dict[str, tuple[str, ...]]
    """Words for "no value" in each column that the recipe reads as numbers or moments."""
    takes_tokens: bool
    """Whether the model may be given long texts as tokens."""

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """What the recipe says of columns."""
        steps = {**(recipe.inputs or {}), recipe.target_column: recipe.task}
        return cls(
            target=recipe.target_column,
            task=step_name(recipe.task),
            inputs=tuple(sorted(recipe.inputs or {})),
            divided_by=divided_by(recipe),
            decimals={
                name: step.point for name, step in steps.items() if isinstance(step, NumberCells)
            },
            missing={
                name: step.missing
                for name, step in steps.items()
                if isinstance(step, NumberCells | MomentCells)
            },
            takes_tokens=recipe.model is None or expect(recipe.model, Model).takes_ragged,
        )

    def reads(self) -> tuple[str, ...]:
        """The rows that are left, and their parts."""
        return (ROWS, "split")

    def run(self, work: Work) -> dict[str, Any]:
        """Write `profile.json` and `choices.json`."""
        from stoker.data.dataset import Dataset
        from stoker.data.profile.choices import choose, left_out
        from stoker.data.profile.long_texts import read_whole
        from stoker.data.profile.measure import profile_table
        from stoker.data.profile.relations import relations
        from stoker.data.profile.totals import told_totals, totals_of
        from stoker.data.profile.twins import find_twins

        dataset, rows = Dataset.open(work.inputs["acquire"].folder), rows_path(work.inputs)
        profile = profile_table(
            rows,
            declared=dataset.declared,
            media=dataset.media_columns,
            parts_path=SplitParts.open(work.inputs["split"]).path,
            decimal=dataset.usual_decimal,
        )
        kept_out = left_out(self.divided_by, dataset.row_numbers)
        choices = choose(profile, self.target, left_out=kept_out)
        if self.takes_tokens:
            choices = read_whole(choices, profile)
        twins = tuple(find_twins(profile, rows, self.target))
        self._warn(profile, choices, twins)
        totals = totals_of(profile.columns, rows)
        if totals:
            events.warning(told_totals(totals))
        if not self.divided_by and not _is_given(dataset):
            for one in relations(profile, self.target):
                events.warning(f"{one.why}: {_REMEDIES[one.key]}")
        profile.write(work.folder)
        choices.model_copy(update={"twins": twins}).write(work.folder)
        columns = len(profile.columns)
        return {"rows": profile.rows, "columns": columns, "inputs": len(choices.inputs())}

    def seconds(self, size: Size) -> float:
        """By cells and columns."""
        extent = size.extent
        cells = 0 if extent.picture else extent.rows * extent.num_columns
        return 0.1 + 0.12e-6 * cells + 0.4e-3 * extent.num_columns

    def _warn(self, profile: Profile, choices: Choices, twins: tuple[str, ...]) -> None:
        """Say what is absurd about the target, and which inputs are the target again."""
        from stoker.data.profile.judge_target import why_absurd

        column = profile.column(self.target)
        absurd = why_absurd(column, self.task) if column is not None else None
        if absurd:
            events.warning(f"target {self.target!r}: {absurd}")
        self._warn_of_misread(profile)
        self._warn_of_unread(choices)
        self._warn_of_far_values(profile, choices)
        for name, key in self.divided_by.items():
            if name in self.inputs and key == GROUP:
                events.warning(
                    f"column {name!r} is an input, and {key} divides the rows by it: training saw "
                    "no value of the test part, so it tells a model nothing and has to be given "
                    "with each question; leave it out of inputs"
                )
        inputs = self.inputs or choices.inputs()
        same = [name for name in twins if name in inputs]
        if same:
            events.warning(
                f"{listed(same)}: each value stands for one value of the target {self.target!r}, "
                "so the model would only copy it; if it is not known when the model is asked, name "
                "the inputs without it"
            )

    def _warn_of_unread(self, choices: Choices) -> None:
        """Say which columns that the recipe leaves out seem to tell something."""
        doubtful = [one for one in choices.columns if one.is_doubtful]
        for one in doubtful[:_MOST_UNREAD] if self.inputs else ():
            if one.column not in self.inputs:
                events.warning(
                    f"column {one.column!r} is not used: {one.why}; to have it otherwise write "
                    f"`{one.change}` under inputs"
                )

    def _warn_of_misread(self, profile: Profile) -> None:
        """Say where the recipe reads `1.542` as a fraction and the whole column says a thousand."""
        from stoker.data.profile.written import misread

        for name, decimal in self.decimals.items():
            column = profile.column(name)
            step = "regress" if name == self.target else "number"
            wrong = None if column is None else misread(column, decimal, step)
            if wrong:
                events.warning(f"column {name!r}: {wrong}")

    def _warn_of_far_values(self, profile: Profile, choices: Choices) -> None:
        """Say which values of named columns may mean that nothing is known."""
        from stoker.data.profile.apart import told_apart

        chosen = {choice.column: choice.feature for choice in choices.columns}
        chosen[self.target] = None if choices.target is None else choices.target.feature
        for name, missing in self.missing.items():
            column, step = profile.column(name), chosen.get(name)
            if column is None or step is None:
                continue
            ((key, options),) = step.items()
            said = {} if missing == MISSING_NUMBERS else {"missing": list(missing)}
            apart = told_apart(column, {key: {**options, **said}})
            if apart is not None:
                events.warning(f"column {name!r}: {apart.said}, as in {apart.line}")


def divided_by(recipe: Recipe) -> dict[str, str]:
    """Columns by which rows are divided, with the key that names each."""
    asked = recipe.data.split
    named = {GROUP: asked.group, "data.split.time": asked.time}
    return {column: key for key, column in named.items() if column is not None}


def _is_given(dataset: Dataset) -> bool:
    """Whether a source says of all its rows which part they are in."""
    from stoker.engine.table_file import read_table

    return bool(read_table(dataset.rows_path, ["_part"])["_part"].null_count == 0)
