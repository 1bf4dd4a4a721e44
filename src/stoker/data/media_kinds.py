"""Columns of files and the features that read them: each kind of file has its own.

Cost: that of importing the features, where one does not fit.
"""

from __future__ import annotations

from stoker.cells import MediaKind
from stoker.core.errors import Place, RecipeError
from stoker.core.steps import find_step, step_name, step_names
from stoker.features import Feature

_STAGE = "stoker.features"
_HOLDS: dict[MediaKind, str] = {"image": "pictures"}


def check_kind(
    column: str, kind: MediaKind | None, feature: Feature, place: Place | None = None
) -> None:
    """Refuse a feature that reads another kind of cell than a column holds.

    Args:
        column: Name of the column.
        kind: What file its cells are; None: they are values.
        feature: What the recipe says of it.
        place: Where it says so.

    Raises:
        RecipeError: Naming the features that read such cells.
    """
    if kind == feature.media:
        return
    named = kind or feature.media
    assert named is not None, "two kinds differ"
    suited = " or ".join(_features(kind))
    held = _HOLDS[named] if kind else f"no {_HOLDS[named]}"
    raise RecipeError(
        f"column {column!r} holds {held}, but its feature is {step_name(feature)}",
        expected=f"{' or '.join(_features(named))} for {_HOLDS[named]}, another one for values",
        fix=f"write {suited}"
        if kind
        else f"write {suited}; a source that reads {_HOLDS[named]} from tables names their columns "
        "(parquet: `images:`)",
        place=place,
    )


def _features(kind: MediaKind | None) -> list[str]:
    """Names of the features that read cells of a kind."""
    names = step_names(_STAGE)
    return [name for name in names if find_step(_STAGE, name, Feature).media == kind]
