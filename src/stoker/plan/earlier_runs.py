"""What this home measured of stages like these, to scale to the work at hand.

Beside the seconds of a stage a run keeps its effort by the built-in rates (`plan` in what the
catalog holds as measured).  The quotient says how fast this machine does such a stage, so it fits
other numbers of rows, epochs and columns.  It is used for stages of the same kind only (pictures
or table, and the same model), those of the same recipe first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stoker.plan.effort import Effort
from stoker.store.catalog import Catalog

_RUNS_LOOKED_AT = 20
KEY = "plan"


def look_back(catalog: Catalog, name: str, usual: Mapping[str, Effort]) -> dict[str, float]:
    """About how many seconds each stage takes now, from the latest time that it was really done.

    Args:
        catalog: The catalog of the home.
        name: Name of the recipe.
        usual: What the built-in rates say of the stages now.
    """
    own: dict[str, float] = {}
    like: dict[str, float] = {}
    for of_recipe, stage, seconds, then in _stages(catalog):
        now = usual.get(stage)
        if then is None or now is None:
            scaled = seconds if then is None and of_recipe == name else None
        else:
            scaled = seconds * now.seconds / then.seconds if then.kind == now.kind else None
        if scaled is not None:
            (own if of_recipe == name else like).setdefault(stage, scaled)
    return like | own


def _stages(catalog: Catalog) -> Iterator[tuple[str, str, float, Effort | None]]:
    """Recipe, stage, its seconds and its effort by the built-in rates, newest first."""
    for record in catalog.runs(limit=_RUNS_LOOKED_AT):
        for stage in catalog.run(record.id).stages:
            if stage.status == "done" and stage.fingerprint is not None:
                kept = catalog.measured(stage.fingerprint).get(KEY)
                yield record.name, stage.stage, stage.seconds, _effort(kept)


def _effort(kept: Mapping[str, Any] | None) -> Effort | None:
    return None if not kept else Effort(float(kept["seconds"]), str(kept["kind"]))
