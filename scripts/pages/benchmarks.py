"""The benchmark tables of the READMEs, made from `benchmarks/results/*.json`.

Each file is one table: its rows are shown as they were measured, with date, machine and the load
beside them.  Nothing is rounded up, left out or re-ordered here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent.parent / "benchmarks" / "results"
START, END = "<!-- benchmarks: generated -->", "<!-- benchmarks: end -->"


def fill(readme: Path) -> str:
    """The README with fresh tables between its marks."""
    text = readme.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    assert pattern.search(text), f"{readme} has no benchmark marks"
    fresh = f"{START}\n{tables()}\n{END}"
    return pattern.sub(lambda _: fresh, text)


def tables() -> str:
    """All tables."""
    files = sorted(RESULTS.glob("*.json"))
    return "\n\n".join(
        table(json.loads(file.read_text(encoding="utf-8")), file.stem) for file in files
    )


def table(result: dict[str, Any], stem: str) -> str:
    """One result file as a table with its circumstances below."""
    rows = [flat(row) for row in result["rows"]]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"**{caption(stem)}**", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(show(row.get(name)) for name in columns)} |" for row in rows]
    machine = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    circumstances = (
        f"{result['date']}, {machine['processor']}, {machine['cores']} cores, {versions}"
    )
    return "\n".join([*lines, "", f"<sub>{circumstances}</sub>"])


def caption(stem: str) -> str:
    """The first line of the benchmark's own file."""
    with (RESULTS.parent / f"bench_{stem}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"').rstrip(".")


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """The plain values of a row; lists and mappings stay in the file."""
    return {name: value for name, value in row.items() if not isinstance(value, list | dict)}


def show(value: Any) -> str:
    """A value as the table shows it."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
