"""Write the report of one run into the home, whole or not at all.

A report tells when and how fast a run was, so it belongs to the run and not to the store: two runs
with one result share the artifacts and have a report each.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stoker.candidates.leaderboard import Timing
from stoker.core.processors import available_cores
from stoker.dag.execute import Executed
from stoker.data.profile.column import Profile
from stoker.recipe.model import Recipe
from stoker.report.collect.card_facts import card_facts, compress_facts, mistakes
from stoker.report.facts import ReportFacts, SaidFact, StageFact, VersionFact
from stoker.report.write import write_report
from stoker.store.durable import machine_errors, make_folder, publish_folder
from stoker.store.home import find_home, report_path
from stoker.store.store import Store

LIBRARIES = ("stoker", "torch", "lightgbm", "onnxruntime", "numpy", "pyarrow", "daft", "pillow")


@dataclass(frozen=True)
class RunNotes:
    """What is known of a run beside its recipe and its artifacts."""

    measured: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the stages measured of themselves, by stage."""
    said: tuple[SaidFact, ...] = ()
    """Every line that the run told the user, and those of cached stages."""
    overrides: tuple[str, ...] = ()
    """Changes of the recipe given with `--set`."""
    before: VersionFact | None = None
    """The champion that the run found."""


def report_run(
    recipe: Recipe, run: str, done: Sequence[Executed], store: Store, notes: RunNotes
) -> Path:
    """Write `runs/RUN/` with the page, the same as JSON, and the model card.

    Args:
        recipe: The recipe of the run.
        run: Its id.
        done: Every stage of the graph.
        store: Store of the run; the report goes into its home.
        notes: What else is known of the run.

    Returns:
        Path of the page.
    """
    page = report_path(store.home, run)
    folder = page.parent
    make_folder(folder.parent)
    facts = run_facts(recipe, run, done, notes)
    own = {"home": _home_option(store.home)}
    with store.temporary_folder() as draft, machine_errors(f"write the report {folder}"):
        write_report(draft, facts.model_copy(update=own))
        publish_folder(draft, folder)
    return page


def run_facts(recipe: Recipe, run: str, done: Sequence[Executed], notes: RunNotes) -> ReportFacts:
    """Everything that the report of a run says."""
    inputs = {executed.stage: executed.artifact for executed in done}
    facts = card_facts(recipe, inputs)
    training = facts.training
    assert training is not None
    speed = notes.measured.get("train", {})
    return facts.model_copy(
        update={
            "run": run,
            "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "bundle": _as_typed(inputs["bundle"].folder),
            "registered": all(gate.passed for gate in facts.gates),
            "training": training.model_copy(
                update={
                    "seconds": speed.get("seconds", {}),
                    "gemm_share": speed.get("speed", {}).get("share_of_peak"),
                    "threads": speed.get("threads") or speed.get("speed", {}).get("threads"),
                }
            ),
            "compress": compress_facts(inputs, notes.measured.get("compress", {})),
            "mistakes": mistakes(inputs),
            "timings": tuple(Timing.model_validate(one) for one in speed.get("candidates", ())),
            "profile": Profile.open(inputs["profile"].folder) if "profile" in inputs else None,
            "said": notes.said,
            "overrides": notes.overrides,
            "before": notes.before,
            "stages": tuple(_stage(executed, inputs) for executed in done),
            "environment": environment(),
        }
    )


def environment() -> dict[str, str]:
    """Versions, processor and system that the run had."""
    found = {"python": platform.python_version(), "system": platform.platform()}
    found["processors"] = str(available_cores())
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _stage(executed: Executed, inputs: Mapping[str, Any]) -> StageFact:
    parents = executed.artifact.manifest.parents
    return StageFact(
        name=executed.stage,
        status=executed.status,
        seconds=round(executed.seconds, 3),
        fingerprint=executed.artifact.fingerprint,
        digest=executed.artifact.digest,
        parents=tuple(stage for stage in parents if stage in inputs),
    )


def _home_option(home: Path) -> str:
    """The home as commands here have to name it; empty if they find it by themselves."""
    return "" if find_home(None) == home else _as_typed(home)


def _as_typed(path: Path) -> str:
    """The path as a user here would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
