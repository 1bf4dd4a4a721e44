"""Is everything that a recipe asks for there already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stoker.core.errors import ArtifactError
from stoker.pipeline.node import Node
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.home import report_path
from stoker.store.store import Store

_RUNS_LOOKED_AT = 1000


@dataclass(frozen=True)
class Known:
    """A finished run that had the same result."""

    run: str
    result: dict[str, Any]


def cached(graph: Sequence[Node], store: Store) -> dict[str, Artifact]:
    """Artifacts of the stages that need no work, by stage.

    A stage whose input is missing is not looked up: what it would read is not known yet.
    """
    found: dict[str, Artifact] = {}
    for node in graph:
        if all(name in found for name in node.after):
            artifact = store.find(node.fingerprint(found))
            if artifact is not None:
                found[node.stage] = artifact
    return found


def look_up(graph: Sequence[Node], store: Store, catalog: Catalog) -> Known | None:
    """The run that has the result of this graph, if all of it is cached and the result is whole.

    A result whose version of the model was deleted is not: the run makes the next version of it.
    """
    found = cached(graph, store)
    if len(found) < len(graph) or graph[-1].stage != "bundle":
        return None
    bundle = found["bundle"]
    try:
        bundle.verify()
    except ArtifactError:
        return None  # the execution meets the damage again, says so and makes it anew
    if all(model.fingerprint != bundle.fingerprint for model in catalog.models()):
        return None
    for record in catalog.runs(limit=_RUNS_LOOKED_AT):
        result = record.result
        if record.status == "done" and Path(result.get("bundle") or "").name == bundle.fingerprint:
            report = report_path(store.home, record.id)
            # The home may have been moved since the paths of the result were written down.
            now = {"bundle": str(bundle.folder), "report": str(report)}
            return Known(record.id, result | now) if report.is_file() else None
    return None
