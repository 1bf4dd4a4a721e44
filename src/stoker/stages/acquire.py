"""Acquire: read every source of the recipe into one dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.core.errors import DataError
from stoker.core.steps import expect
from stoker.dag.stage import Stage, Work
from stoker.data.acquire import Source
from stoker.data.source_state import source_fingerprint

if TYPE_CHECKING:
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe


class AcquireStage(Stage):
    """Read every source into one dataset."""

    place: ClassVar[float] = 10
    gives_rows: ClassVar[bool] = True
    free: ClassVar[frozenset[str]] = frozenset({"project"})
    memory_bytes: ClassVar[float] = 250e6

    sources: tuple[Source, ...]
    files: tuple[tuple[Any, ...], ...] = ()
    """Name, size and SHA-256 of every raw file, so that a changed file is read again."""
    project: Path
    """Folder that relative paths start from."""

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """Every source."""
        sources = tuple(expect(source, Source) for source in recipe.data.sources)
        return cls(sources=sources, project=recipe.project)

    def settled(self, cache: Path) -> Self:
        """The same, with the hashes of the files.

        Raises:
            DataError: If a file is missing.
        """
        return self.model_copy(update={"files": self._hashed(cache)})

    def reads(self) -> tuple[str, ...]:
        """Raw files only."""
        return ()

    def run(self, work: Work) -> dict[str, Any]:
        """Read every source into one dataset.

        Raises:
            DataError: If a file cannot be read, or is not the one that the graph was made from.
        """
        from stoker.data.read_sources import acquire

        info = acquire(self.sources, work.folder, project=self.project, cache=work.cache)
        if self._hashed(work.cache) != self.files:
            raise DataError(
                "a raw file changed between the start of the run and now",
                expected="files that nobody writes to while they are read",
                fix="wait until they are complete, or copy them first; then run again",
            )
        return info

    def _hashed(self, cache: Path) -> tuple[tuple[Any, ...], ...]:
        return tuple(map(tuple, source_fingerprint(self.sources, self.project, cache)))

    def seconds(self, size: Size) -> float:
        """By bytes, files and cells."""
        extent = size.extent
        cells = 0 if extent.picture else extent.rows * extent.num_columns
        return 0.3 + extent.size_bytes / 120e6 + 150e-6 * extent.num_files + 0.1e-6 * cells
