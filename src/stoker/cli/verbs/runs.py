"""List the runs of a home, newest first; or show one.

RUN is an id of that list, or its beginning.

Examples:
    stoker runs
    stoker runs r-20261122-0930
    stoker runs --json
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, JSON

if TYPE_CHECKING:
    from stoker.store.catalog.runs import RunRecord


@click.command("runs", cls=Verb, help=__doc__)
@click.argument("run", required=False)
@HOME
@JSON
def verb(run: str | None, home: Path | None, as_json: bool) -> None:
    """Print a table of runs, or the stages of one."""
    from dataclasses import asdict

    from stoker.cli.history import find_run, open_catalog
    from stoker.cli.text import json_text
    from stoker.store.home import find_home

    catalog = open_catalog(home)
    if run is not None:
        found = find_run(catalog, run)
        click.echo(json_text(asdict(found)) if as_json else one_run(found))
        return
    records = catalog.runs()
    if as_json:
        click.echo(json_text([asdict(record) for record in records]))
    elif records:
        click.echo(many_runs(records))
    else:
        click.echo(f"there is no run in {find_home(home)} yet: stoker run begins one")


def many_runs(records: list[RunRecord]) -> str:
    """One line a run."""
    from stoker.cli.history import moment, outcome
    from stoker.cli.text import table

    rows = [
        (record.id, record.name, record.status, moment(record.started_at), outcome(record))
        for record in records
    ]
    return table(["run", "name", "status", "started (UTC)", "result"], rows)


def one_run(record: RunRecord) -> str:
    """Everything about one run."""
    from stoker.cli.history import moment
    from stoker.cli.text import interval, table
    from stoker.core.words import duration

    metrics = record.result.get("metrics", {})
    stages = [
        (stage.stage, stage.status, duration(stage.seconds), (stage.fingerprint or "-")[:12])
        for stage in record.stages
    ]
    lines = [
        f"{record.id}  {record.name}  {record.status}  stoker {record.stoker}",
        f"started {moment(record.started_at)}, finished {moment(record.finished_at) or '-'} (UTC)",
        *(f"--set {override}" for override in record.overrides),
        *_ending(record),
        "",
        table(["stage", "state", "time", "artifact"], stages) if stages else "no stage was done",
        "",
        *(f"{name:<18} {interval(metric)}" for name, metric in metrics.items()),
    ]
    return "\n".join(lines).rstrip()


def _ending(record: RunRecord) -> list[str]:
    """Why a run ended as it did, and where its report is."""
    from stoker.cli.history import outcome

    lines = []
    if record.status in ("failed", "interrupted") and (said := outcome(record)):
        lines.append(f"{record.status}: {said}")
    if report := record.result.get("report"):
        lines.append(f"report {report}")
    return lines
