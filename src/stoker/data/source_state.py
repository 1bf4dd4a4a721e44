"""What the rows of a recipe's sources follow from: the state of each, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.errors import RecipeError
from stoker.core.steps import step_name
from stoker.data.fingerprint import FileHashes

if TYPE_CHECKING:
    from stoker.data.acquire import Source


def source_fingerprint(sources: Sequence[Source], project: Path, cache: Path) -> list[list[object]]:
    """The state of all sources, one after the other; see `Source.state`.

    Args:
        sources: What the recipe lists, in its order.
        project: Folder where relative paths start.
        cache: Folder for downloads and for the remembered hashes; created if missing.

    Raises:
        DataError: If a file is missing or cannot be read.
        RecipeError: If a source has neither files nor a state of its own.
    """
    found: list[list[object]] = []
    with FileHashes(project, cache) as hashes:
        for source in sources:
            state = source.state(hashes)
            if not state:
                raise RecipeError(
                    f"the source {step_name(source)} does not say what its rows follow from",
                    expected="files, or a method `state` of its own",
                    fix="without it, changed data would not be read again",
                )
            found += state
    return found
