"""Try the stages of the data in a temporary folder: what `check` knows is what a run would meet.

All stages up to `prepare` are done for a table whose files have at most 256 MB, with the same
limits on rejected and lost rows; so whatever a run refuses before training, `check` refuses.
Stages that the home has are taken from there, and nothing is written into it.  Pictures are not
tried: copying and decoding them is most of the work of a run.

Cost: that of these stages; some 2 CPU seconds for small tables, of which Daft is one.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stoker.core import events
from stoker.core.errors import ArtifactError, StokerError
from stoker.core.steps import expect
from stoker.dag.build import cut
from stoker.dag.node import Node
from stoker.data.acquire import Source
from stoker.data.profile.choices import Choices
from stoker.plan.check_target import check_target
from stoker.recipe.model import Recipe
from stoker.store.artifact import Artifact

MOST_BYTES = 256 << 20
"""Files of more bytes in all are not tried."""
_LAST = "prepare"


@dataclass(frozen=True)
class Trial:
    """What came of trying."""

    choices: Choices | None
    """What was decided about every column; None if the data was not read."""
    why_not: str = ""
    """Why the data was not read."""
    outputs: int | None = None
    """How many outputs a model of the target has; None if the data was not read."""


def try_data(
    recipe: Recipe, graph: Sequence[Node], found: Mapping[str, Artifact], cache: Path
) -> Trial:
    """Do the stages of the data, unless they are there already.

    Args:
        recipe: The recipe of the graph.
        graph: Its nodes in order.
        found: Artifacts of the stages that are done.
        cache: Folder for downloads.

    Raises:
        StokerError: If a run would refuse the data.
    """
    found = _intact(found)
    if "profile" in found and _LAST in found:
        outputs = check_target(recipe, found[_LAST])
        return Trial(Choices.open(found["profile"].folder), outputs=outputs)
    reason = _why_not(recipe, cache)
    if reason:
        return Trial(None, reason)
    with tempfile.TemporaryDirectory(prefix="stoker-check-") as name:
        with events.recording(aloud=False) as lines:
            try:
                trial = _done(recipe, cut(list(graph), _LAST), found, Path(name), cache)
            except StokerError as error:
                error.fix = error.fix and _without(name, error.fix)
                raise
        _tell(lines, name)
    return trial


def _tell(lines: Sequence[events.Line], folder: str) -> None:
    for line in lines:
        tell = events.warning if line.kind == "warning" else events.message
        tell(_without(folder, line.text))


def _intact(found: Mapping[str, Artifact]) -> dict[str, Artifact]:
    """Artifacts whose bytes are those that were written; a damaged one the store puts aside."""
    intact = {}
    for stage, artifact in found.items():
        try:
            artifact.verify()
        except ArtifactError:  # the store has told it
            continue
        intact[stage] = artifact
    return intact


def _why_not(recipe: Recipe, cache: Path) -> str:
    """Why the data of a recipe is not tried; empty: it is."""
    sources = [expect(source, Source) for source in recipe.data.sources]
    if any(source.media() for source in sources):
        return "pictures are not read before a run"
    sizes = [source.extent(recipe.project, cache).size_bytes for source in sources]
    if None in sizes:
        return "how much there is, nobody knows before a run"
    size = sum(size for size in sizes if size is not None)
    if size > MOST_BYTES:
        return f"{size / 1e6:,.0f} MB are not read before a run (at most {MOST_BYTES / 1e6:.0f})"
    return ""


def _done(
    recipe: Recipe,
    graph: Sequence[Node],
    found: Mapping[str, Artifact],
    folder: Path,
    cache: Path,
) -> Trial:
    from stoker.dag.execute import Executed, execute
    from stoker.plan.check_columns import check_columns
    from stoker.plan.reject_limit import check_lost, check_rejects
    from stoker.store.store import Store

    done: dict[str, Executed] = {}
    outputs = None
    for executed in execute(graph, Store(folder), cache=cache, given=found):
        done[executed.stage] = executed
        check_rejects(executed, recipe.data.max_rejects)
        check_lost(done, recipe.data.max_lost)
        if executed.stage == "acquire":
            check_columns(recipe, {"acquire": executed.artifact}, cache)
        if executed.stage == _LAST:
            outputs = check_target(recipe, executed.artifact)
    return Trial(Choices.open(done["profile"].artifact.folder), outputs=outputs)


def _without(folder: str, text: str) -> str:
    """A line without the paths of a folder that is gone when it is read.

    >>> _without("/tmp/x", "2 rows are left out, see /tmp/x/a/rejects.parquet; the first: a.csv:2")
    '2 rows are left out; the first: a.csv:2'
    """
    path = rf"{re.escape(folder)}\S*?"
    text = re.sub(rf"`stoker rejects` writes all of {path} for a spreadsheet; ", "", text)
    return re.sub(rf", see {path}(?=;|,|$)", "", text)
