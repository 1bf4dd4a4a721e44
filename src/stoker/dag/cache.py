"""Is everything that a recipe asks for there already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stoker.core.errors import ArtifactError
from stoker.dag.node import Node
from stoker.store.artifact import Artifact
from stoker.store.finished import Finished, finished_run
from stoker.store.home import report_path
from stoker.store.store import Store


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


def look_up(graph: Sequence[Node], store: Store) -> Finished | None:
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
    known = finished_run(store.home, bundle.fingerprint)
    if known is None:
        return None
    report = report_path(store.home, known.run)
    # The home may have been moved since the paths of the result were written down.
    now = {"bundle": str(bundle.folder), "report": str(report)}
    return replace(known, result=known.result | now) if report.is_file() else None
