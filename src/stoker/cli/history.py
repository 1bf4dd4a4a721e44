"""What verbs read from the catalog: runs, reports, and what an artifact was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stoker.bundle.find import best_version
from stoker.core.errors import ArtifactError
from stoker.store.catalog import Catalog
from stoker.store.catalog.lineage import Ancestor
from stoker.store.catalog.runs import RunRecord
from stoker.store.garbage import Removed
from stoker.store.home import find_home, report_path
from stoker.store.manifest import NAME, read_manifest
from stoker.store.store import Store

_COUNTS = {
    "rows_in": "rows in",
    "rows_out": "rows out",
    "rejected": "rejected",
    "rows": "rows",
    "num_parameters": "learned numbers",
    "steps": "steps",
}
"""Keys of summaries in words, in the order of telling; a zero is left out."""

_MOST_SHOWN = 100
"""Characters of an error in a list."""


def open_catalog(home: Path | None) -> Catalog:
    """The catalog of a home; one that is not there yet is an empty one."""
    return Catalog(find_home(home))


def find_run(catalog: Catalog, run: str | None) -> RunRecord:
    """The run whose id begins so, or the newest.

    Raises:
        ArtifactError: If there is none, or more than one.
    """
    if run is None and not catalog.runs(limit=1):
        raise ArtifactError("there is no run in this home yet", fix="stoker run")
    return catalog.run(run or "latest")


def report_of(catalog: Catalog, home: Path, run: str | None) -> Path:
    """The report of a run, or of the newest run that has one.

    It is looked for in the home as it is now, which may have been moved or copied since.

    Raises:
        ArtifactError: If the run has no report, or the file is gone.
    """
    if run is None:
        candidates = [record for record in catalog.runs() if record.result.get("report")]
    else:
        candidates = [find_run(catalog, run)]
    if not candidates or not candidates[0].result.get("report"):
        raise ArtifactError("there is no report", expected="a run that was evaluated")
    path = report_path(home, candidates[0].id)
    if not path.is_file():
        raise ArtifactError(f"the report {path} is gone", fix="run the recipe again")
    return path


def find_fingerprint(catalog: Catalog, what: str | None) -> str:
    """The artifact that a run, a model, a bundle folder or the beginning of a fingerprint means.

    Raises:
        ArtifactError: If it means none.
    """
    if what is None:
        return _last_artifact(_last_run(catalog))
    if (Path(what) / NAME).is_file():
        return read_manifest(Path(what)).fingerprint
    name, _, which = what.partition("@")
    if catalog.models(name):
        return catalog.resolve(name, which or best_version(catalog, name)).fingerprint
    known = {stage.fingerprint for run in catalog.runs() for stage in catalog.run(run.id).stages}
    fitting = [mark for mark in known if mark and mark.startswith(what)] if len(what) >= 6 else []
    return fitting[0] if len(fitting) == 1 else _last_artifact(find_run(catalog, what))


def _last_run(catalog: Catalog) -> RunRecord:
    """The newest run that made something, else the newest."""
    newest = find_run(catalog, None)
    runs = (catalog.run(record.id) for record in catalog.runs())
    return next((run for run in runs if any(one.fingerprint for one in run.stages)), newest)


def _last_artifact(run: RunRecord) -> str:
    """The artifact of the run's last stage that came to one."""
    made = [stage.fingerprint for stage in run.stages if stage.fingerprint]
    if not made:
        raise ArtifactError(f"run {run.id} has made nothing yet", fix="run it again to go on")
    return made[-1]


def lineage_tree(ancestors: Sequence[Ancestor]) -> str:
    """What an artifact was made from, indented; every artifact stands once, nearest first.

    Args:
        ancestors: The artifact itself, and everything behind it.
    """
    parents: dict[str | None, list[Ancestor]] = {}
    for ancestor in ancestors:
        parents.setdefault(ancestor.child, []).append(ancestor)
    return "\n".join(
        line for top in parents.get(None, []) for line in branch_lines(top, parents, "", "")
    )


def branch_lines(
    ancestor: Ancestor, parents: Mapping[str | None, list[Ancestor]], first: str, rest: str
) -> Iterator[str]:
    """The lines of one artifact and of all behind it.

    Args:
        ancestor: Whose lines.
        parents: What each artifact was made from.
        first: What stands before its own line.
        rest: What stands before the lines below it.
    """
    yield first + describe_ancestor(ancestor)
    behind = parents.get(ancestor.fingerprint, [])
    for parent in behind:
        last = parent is behind[-1]
        own, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from branch_lines(parent, parents, rest + own, rest + below)


def describe_ancestor(ancestor: Ancestor) -> str:
    """Kind, short fingerprint, and the plain numbers of its summary."""
    counts = {
        key: value
        for key, value in ancestor.summary.items()
        if isinstance(value, int) and not isinstance(value, bool) and key != "format"
    }
    facts = [
        f"{counts.pop(key):,} {words}" for key, words in _COUNTS.items() if counts.get(key)
    ] + [f"{key} {value:,}" for key, value in counts.items() if key not in _COUNTS]
    return "  ".join(
        [ancestor.kind or "unknown", ancestor.fingerprint[:12], ", ".join(facts)]
    ).rstrip()


def delete_version(
    store: Store, catalog: Catalog, name: str, version: int, *, dry_run: bool
) -> list[Removed]:
    """Delete a version of a model, and what no longer has a use without it.

    What was garbage before stays: `stoker gc` shows and deletes that.

    Args:
        store: Store of the home.
        catalog: Catalog of the home.
        name: Name of the model.
        version: Its version.
        dry_run: Only say what would go.

    Returns:
        Artifacts that went, or would go.

    Raises:
        ArtifactError: If there is no such version, or an alias points to it.
    """
    garbage = {one.fingerprint for one in store.collect(catalog.roots, dry_run=True)}
    model = catalog.delete_model(name, version, dry_run=dry_run)
    return store.collect(lambda: catalog.roots(without=model) | garbage, dry_run=dry_run)


def removal(removed: Sequence[Removed], *, deleted: bool) -> str:
    """Artifacts that went or would go, and how much that is."""
    from stoker.cli.text import table
    from stoker.core.words import size

    rows = [(one.kind, one.fingerprint[:12], size(one.size_bytes)) for one in removed]
    total = size(sum(one.size_bytes for one in removed))
    done = "deleted" if deleted else "would delete"
    noun = "artifact" if len(removed) == 1 else "artifacts"
    shown = table(["kind", "artifact", "size"], rows)
    return f"{shown}\n\n{done} {len(removed)} {noun}, {total}"


def outcome(record: RunRecord) -> str | None:
    """What a run came to: its first score, or why there is none; None while it is at work."""
    from stoker.cli.text import interval

    name, metric = next(iter(record.result.get("metrics", {}).items()), (None, None))
    missed = " - a gate was missed" if record.status == "failed" else ""
    if metric is not None:
        return f"{name} {interval(metric)}{missed}"
    error = record.result.get("error")
    if error:
        return str(error).splitlines()[0][:_MOST_SHOWN]
    if record.status == "interrupted":
        return "run it again to go on"
    return "stopped with --until" if record.status == "done" else None


def moment(text: str | None) -> str | None:
    """A time of the catalog without what nobody reads.

    >>> moment("2026-11-22T03:27:36.123+00:00")
    '2026-11-22 03:27:36'
    """
    return None if text is None else text[:19].replace("T", " ")
