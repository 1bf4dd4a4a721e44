"""Execute a graph: take from the store what is there, do the rest, publish each result at once.

Each node is done under its own lock, so that two processes with the same recipe share the work
instead of doing it twice: the second waits and then finds the artifact.  A damaged artifact is put
aside by the store and its node is done again.  Nothing is held between nodes but paths.

What a stage says is kept in the summary of its artifact, so that a report of cached stages tells
all that the run told which did them.  Equal work says equal lines; those that are about a moment or
a machine are not kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from stoker.core import events
from stoker.core.errors import ArtifactError
from stoker.dag.node import Node
from stoker.dag.stage import Work
from stoker.store.store import Artifact, Store
from stoker.views.said import SAID, said_of

Status = Literal["cached", "resumed", "done"]


@dataclass(frozen=True)
class Executed:
    """A node and the artifact it came to."""

    stage: str
    status: Status
    seconds: float
    """Wall time spent now; near zero for a cached stage."""
    artifact: Artifact
    measured: dict[str, Any] = field(default_factory=dict)
    """What the stage measured of itself; empty for a cached one."""
    said: tuple[events.Line, ...] = ()
    """What it told the user, now or, if it is cached, when it was done."""


def execute(
    graph: Sequence[Node],
    store: Store,
    *,
    cache: Path,
    given: Mapping[str, Artifact] | None = None,
) -> Iterator[Executed]:
    """Do the nodes in order and yield each as soon as its artifact is durable.

    Args:
        graph: Nodes, each after the ones it reads from.
        store: Where artifacts are found and published.
        cache: Folder for downloads.
        given: Artifacts of another store, by stage, that are taken as they are.
    """
    done: dict[str, Artifact] = {}
    for node in graph:
        if given and node.stage in given:
            artifact = given[node.stage]
            result = Executed(node.stage, "cached", 0.0, artifact, said=said_of(artifact))
        else:
            result = _execute_node(node, store, done, cache)
        done[node.stage] = result.artifact
        yield result


def _execute_node(node: Node, store: Store, done: Mapping[str, Artifact], cache: Path) -> Executed:
    started = time.perf_counter()
    inputs = {name: done[name] for name in node.after}
    mark = node.fingerprint(inputs)
    with store.lock(mark):
        found = _intact(store, mark)
        if found:
            taken = time.perf_counter() - started
            return Executed(node.stage, "cached", taken, found, said=said_of(found))
        for artifact in inputs.values():
            artifact.verify()
        scratch = store.work_folder(mark)
        status: Status = "resumed" if any(scratch.iterdir()) else "done"
        parents = {name: artifact.fingerprint for name, artifact in inputs.items()}
        with store.draft(node.stage, mark, parents) as draft:
            work = Work(node.stage, inputs, draft.folder, scratch, cache)
            with events.recording() as lines:
                summary = node.work.run(work)
            artifact = draft.publish({**summary, **_kept(lines)})
    return Executed(
        node.stage,
        status,
        time.perf_counter() - started,
        artifact,
        measured=work.measured,
        said=tuple(lines),
    )


def _kept(lines: Sequence[events.Line]) -> dict[str, Any]:
    """The lines that stay true, each once, as they stand in a summary; nothing if there are none.

    >>> _kept([events.Line("message", "a"), events.Line("message", "took 3 s", passing=True)])
    {'said': [{'kind': 'message', 'text': 'a', 'passing': False}]}
    """
    lasting = dict.fromkeys(line for line in lines if not line.passing)
    return {SAID: [asdict(line) for line in lasting]} if lasting else {}


def _intact(store: Store, mark: str) -> Artifact | None:
    found = store.find(mark)
    if found is None:
        return None
    try:
        found.verify()
    except ArtifactError:  # the store has told it, and put the artifact aside
        return None
    return found
