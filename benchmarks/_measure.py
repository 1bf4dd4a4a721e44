"""What every benchmark shares: versions, machine, one measured child process, the result file.

A result file holds date, machine, versions and rows, so that a figure in the README can be traced
to the run that gave it.  Times of child processes come from `wait4`, which counts CPU time and peak
memory of exactly that process and the children it waited for.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measured:
    """One finished child process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    """Largest resident set of the child itself, in 10**6 bytes."""
    stdout: str


_BETWEEN = """
import os, sys
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
said = f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}"
os.write(int(sys.argv[1]), said.encode())
"""
"""A small process that starts the command.

Linux counts the memory of the process that starts another as the first peak of that one, so a
benchmark that holds a large table would be told its own size.
"""


def measure(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end and measure it; its standard error goes to ours.

    Modules may be kept compiled, as pip keeps those that it installs.

    Raises:
        RuntimeError: If it exits with another code than 0.
    """
    around = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    said, told = os.pipe()
    started = time.perf_counter()
    stdout = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _BETWEEN, str(told), *command],
        stdout=subprocess.PIPE,
        text=True,
        env={**around, **(env or {})},
        pass_fds=[told],
        check=True,
    ).stdout
    wall_s = time.perf_counter() - started
    os.close(told)
    with os.fdopen(said) as answer:
        code, cpu_s, peak_kb = answer.read().split()
    if int(code):
        raise RuntimeError(f"{' '.join(command)} exited with {code}")
    return Measured(
        wall_s=wall_s, cpu_s=float(cpu_s), peak_mb=int(peak_kb) * 1024 / 1e6, stdout=stdout
    )


def machine() -> dict[str, Any]:
    """Processor, cores, memory and load, as far as the machine tells."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    flags = Path("/proc/cpuinfo").read_text()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "avx512": "avx512f" in flags,
        "vnni": "avx512_vnni" in flags or "avx_vnni" in flags,
        "load_1min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def versions(*names: str) -> dict[str, str]:
    """Installed versions of libraries; a missing one says so."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def peer_versions(*names: str) -> dict[str, str]:
    """Versions in the environment of the peers, which `STOKER_PEERS_PYTHON` names."""
    python = os.environ.get("STOKER_PEERS_PYTHON")
    if python is None:
        return dict.fromkeys(names, "not run")
    code = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    done = subprocess.run([python, "-c", code, *names], capture_output=True, text=True, check=True)
    return dict(zip(names, done.stdout.split(), strict=True))


def save(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    libraries: Sequence[str],
    peers: Sequence[str] = (),
) -> Path:
    """Write `results/NAME.json` and print its rows; what could not be measured is null."""
    path = RESULTS / f"{name}.json"
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {
        "benchmark": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions("stoker", *libraries) | peer_versions(*peers),
        "rows": finite(list(rows)),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")
    for row in rows:
        print(json.dumps(finite(row), ensure_ascii=False, allow_nan=False))
    return path


def finite(value: Any) -> Any:
    """The value with None for every number that JSON cannot say, such as the ratio to nothing.

    >>> finite({"ours_s": 1.5, "times": [float("nan"), 2]})
    {'ours_s': 1.5, 'times': [None, 2]}
    """
    if isinstance(value, Mapping):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
