"""Train what a recipe says, and nothing more: no score, no report, no version in the catalog.

For callers that score by themselves, such as an estimator within a cross-validation.  The stages
are those of a run, so the model is the one that a run would have trained.

Cost: about 0.3 s of overhead, most of it files that are flushed.
"""

from __future__ import annotations

from pathlib import Path

from stoker.core.errors import DataError, Place
from stoker.dag.build import build_graph, cut
from stoker.dag.execute import Executed, execute
from stoker.engine.table_file import read_table
from stoker.recipe.model import Recipe
from stoker.store.store import Store
from stoker.views.flows import flows_of, rejects_path


def fit_bundle(recipe: Recipe, home: Path, cache: Path) -> Path:
    """The folder of the bundle that training made.

    Args:
        recipe: What to train.
        home: Folder of the store.
        cache: Folder for downloads and remembered hashes.

    Raises:
        DataError: If a stage would leave a row out: a caller that hands rows over counts on all.
        StokerError: If anything else that the user can mend is wrong.
    """
    graph = cut(build_graph(recipe, cache), "train")
    executed = None
    for executed in execute(graph, Store(home), cache=cache):
        _require_all_rows(executed)
    assert executed is not None, "a graph has stages"
    return executed.artifact.folder / "bundle"


def _require_all_rows(executed: Executed) -> None:
    if not any(flow.rejected for flow in flows_of(executed.artifact)):
        return
    first = read_table(rejects_path(executed.artifact)).slice(0, 1).to_pylist()[0]
    found = f"{first['found']!r} " if first["found"] else ""
    raise DataError(
        f"a row cannot be used: {found}{first['reason']}",
        expected="rows of which each is used",
        fix="mend it, or leave it out",
        place=Place(row=(first["line"] or 1) - 1, column=first["column"]),
    )
