"""Look at this machine: what is missing, and what mends it.

Python, processors, memory, disk, whether the home can be written, SQLite, and the libraries of each
extra. Missing extras are warnings, since not everybody needs all; the exit code is 1 when something
is broken, or with --strict when there is any warning.

Examples:
    stoker doctor
    stoker doctor --home /data/stoker --strict
    stoker doctor --json
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, JSON


@click.command("doctor", cls=Verb, help=__doc__)
@click.option("--strict", is_flag=True, help="Let warnings count as broken.")
@HOME
@JSON
def verb(strict: bool, home: Path | None, as_json: bool) -> None:
    """Print the findings and choose the exit code."""
    from dataclasses import asdict

    from stoker.cli.machine import examine
    from stoker.cli.text import json_text, table
    from stoker.store.home import find_home

    findings = examine(find_home(home))
    if as_json:
        click.echo(json_text([asdict(finding) for finding in findings]))
    else:
        rows = [(finding.name, finding.state, finding.detail) for finding in findings]
        click.echo(table(["what", "state", "detail"], rows))
        for finding in findings:
            if finding.fix:
                click.echo(f"\n{finding.name}: {finding.detail}\n  try:      {finding.fix}")
    bad = {"broken", "warning"} if strict else {"broken"}
    click.get_current_context().exit(1 if any(finding.state in bad for finding in findings) else 0)
