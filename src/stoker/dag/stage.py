"""A stage: one file, whose fields are the part of the recipe that it reads.

    class CleanStage(Stage):
        place = 20                 # where it stands in the graph
        steps: tuple[RowCleaner, ...]

        @classmethod
        def of(cls, recipe): ...   # its part of the recipe; None: not in this graph
        def reads(self): ...       # artifacts that it works on
        def run(self, work): ...   # fill the folder
        def seconds(self, size): ...

Every file of `stoker.stages` is found by its name, so a new stage is one file.  A stage
never sees the recipe in `run`: what it reads is a field, and fields, the contents of its inputs and
the source of all that its file imports make its fingerprint.  `free` fields change nothing of what
is written.

Making a graph imports every file of the stages, so what only `run` needs is imported there: a run
that finds everything done needs none of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.core.steps import Step, step_name

if TYPE_CHECKING:
    from stoker.data.extent import Extent
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe
    from stoker.store.artifact import Artifact

ROWS = "rows"
"""Stands in `reads` for every stage before that gives rows."""
ALL = "*"
"""Stands in `reads` for every stage before."""


@dataclass(frozen=True)
class Work:
    """What a stage gets to do its work with."""

    stage: str
    inputs: Mapping[str, Artifact]
    """Verified artifacts by the stage that made them, in the order of the graph."""
    folder: Path
    """Draft folder; what is written here becomes the artifact."""
    scratch: Path
    """Folder that survives a kill, for checkpoints; removed when the artifact is published."""
    cache: Path
    """Folder for downloads and other things that can be fetched again."""
    measured: dict[str, Any] = field(default_factory=dict)
    """What a stage measures of itself (times, shares of a peak); kept in the catalog and never in
    the artifact, so that equal work gives equal bytes."""


class Stage(Step, ABC):
    """One stage of a run, as a recipe asks for it."""

    place: ClassVar[float]
    """Where it stands among the others; rising."""
    gives_rows: ClassVar[bool] = False
    """Whether its artifact has the `rows.parquet` that later stages read."""
    free: ClassVar[frozenset[str]] = frozenset()
    """Fields that are no part of the fingerprint."""
    depends_on_model: ClassVar[bool] = False
    """Whether its time says something about runs of the same model only."""
    memory_bytes: ClassVar[float] = 400e6
    """Resident memory of the libraries that it loads, before any data."""

    @classmethod
    @abstractmethod
    def of(cls, recipe: Recipe) -> Self | None:
        """The stage that a recipe asks for; None where it asks for none."""

    def settled(self, cache: Path) -> Self:
        """The same, with what only the raw files tell.

        Args:
            cache: Folder for downloads.
        """
        return self

    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """Stages whose artifacts it works on; one that is not in the graph is passed over."""

    @abstractmethod
    def run(self, work: Work) -> dict[str, Any]:
        """Fill the draft folder.

        Returns:
            The artifact's summary: small, JSON, without times.
        """

    @abstractmethod
    def seconds(self, size: Size) -> float | None:
        """About how long it takes on a quiet machine of two cores; None if nobody can tell."""

    def rows(self, extent: Extent) -> int | None:
        """Rows that it will see."""
        return extent.rows


def name_of(stage: Stage) -> str:
    """Its name in the graph: that of its file."""
    return step_name(stage)
