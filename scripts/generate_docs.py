"""Write the pages that are made from the code, so that they cannot lie.

    python scripts/generate_docs.py            write them
    python scripts/generate_docs.py --check    exit 1 and name those that are stale

Made: the recipe reference (from its JSON Schema), the step tables (from the files of each stage),
what can be added and the five lines in each folder (from the abstract classes), drawings and layers
(from stages, signatures and imports), the command line (from `--help`), all benchmark results, and
the most telling ones in both READMEs (from `benchmarks/results/*.json`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pages import architecture, benchmarks, command_line, extending, folders, recipe, steps
from pages.kinds import KINDS

ROOT = Path(__file__).parent.parent

CHINESE: dict[str, str] = json.loads((ROOT / "scripts/pages/chinese.json").read_bytes())
"""The words of the table of targets; one that is missing is an error."""

PAGES: dict[str, Callable[[], str]] = {
    "docs/architecture.md": architecture.page,
    "docs/extending.md": extending.page,
    "docs/reference/cli.md": command_line.page,
    "docs/reference/recipe.md": recipe.page,
    "docs/reference/steps.md": steps.page,
    "README.md": lambda: benchmarks.fill(ROOT / "README.md"),
    "README.zh-CN.md": lambda: benchmarks.fill(ROOT / "README.zh-CN.md", CHINESE.__getitem__),
    "docs/benchmarks.md": benchmarks.page,
    **{f"{kind.folder}/README.md": partial(folders.readme, kind) for kind in KINDS},
}


def main() -> int:
    """Write the pages, or compare them."""
    os.environ["COLUMNS"] = "100"
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if stale:
        print(json.dumps({"stale" if check else "written": stale}))
    if stale and check:
        print("run: make fix", file=sys.stderr)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
