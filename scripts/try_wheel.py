"""Build the wheel and use it as somebody who has nothing else: in an environment of its own.

    python scripts/try_wheel.py

Installed with what a table needs (`[tables]`), at the versions of `constraints.txt`.  Run: the
version, the example, a recipe to a model, answers for rows.  Nothing of the checkout is on the
path.

Cost: two minutes, most of it installing; the packages come from pip's cache where they were
installed before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXTRA = "tables"
COMMANDS = (
    ("--version",),
    ("init", "example"),
    ("run", "customers.yaml", "--set", "train.preset=fast"),
    ("predict", "customers", "customers.csv", "-o", "answers.csv"),
)


def main() -> None:
    """Build, install, run."""
    with tempfile.TemporaryDirectory(prefix="stoker-wheel-") as name:
        folder = Path(name)
        run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT], folder)
        [wheel] = folder.glob("stoker-*.whl")
        venv.create(folder / "env", with_pip=True)
        python, project = folder / "env/bin/python", folder / "project"
        project.mkdir()
        install = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt"]
        run([*install, f"{wheel}[{EXTRA}]"], project)
        for words in COMMANDS:
            said = run([folder / "env/bin/stoker", *words], project)
            if words == ("--version",):
                assert version() in said, f"{version()} is not in {said!r}"
        answers = (project / "answers.csv").read_text(encoding="utf-8").splitlines()
        rows = (project / "customers.csv").read_text(encoding="utf-8").splitlines()
        assert len(answers) == len(rows), f"{len(answers)} answers to {len(rows)} rows"
        print(f"{wheel.name}: {len(answers) - 1:,} answers from an environment of its own")


def version() -> str:
    """As the project states it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["version"]


def run(command: list[str | Path], folder: Path) -> str:
    """What a command says; nothing of this environment reaches it but the path of programs."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "STOKER"))
    }
    print("$", *(Path(str(word)).name for word in command), flush=True)
    return subprocess.run(
        command, cwd=folder, env=kept, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    main()
