"""CPU seconds of `import stoker` and `stoker --help`; the target is at most 0.2 s each.

The interpreter's own start is measured beside them, interleaved, because it is a part of both.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from _measure import measure, save

ROUNDS = 15
STOKER = str(Path(sys.executable).with_name("stoker"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import stoker": [sys.executable, "-c", "import stoker"],
    "stoker --help": [STOKER, "--help"],
    "import torch": [sys.executable, "-c", "import torch"],
}


def main() -> None:
    """Median CPU and wall seconds of each command over interleaved rounds."""
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            done = measure(command)
            runs[name].append((done.cpu_s, done.wall_s, done.peak_mb))
    rows = []
    for name, values in runs.items():
        cpu, wall, peak = (statistics.median(column) for column in zip(*values, strict=True))
        rows.append(
            {
                "what": name,
                "cpu_s": round(cpu, 3),
                "wall_s": round(wall, 3),
                "peak_mb": round(peak, 1),
            }
        )
    save("startup", rows, libraries=["click", "pydantic", "torch"])


if __name__ == "__main__":
    main()
