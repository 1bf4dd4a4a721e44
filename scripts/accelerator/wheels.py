"""The packages that training asks for beside torch, as wheels that travel with the source.

A machine with an accelerator comes with Python, torch, what torch itself asks for, and numpy,
without which torch reads no array.  The rest is carried and put in front of what the machine has,
so that what was tested is what runs.  `pip` is not needed there: a wheel of these packages is a
folder that is zipped.

Cost: pyarrow is 48 MiB of the pack's 58; leave it out where the machine has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path

CARRIED = (
    "annotated-types",
    "pillow",
    "pyarrow",
    "pydantic",
    "pydantic-core",
    "safetensors",
    "typing-extensions",
    "typing-inspection",
)
_PLATFORMS = ("manylinux2014_x86_64", *(f"manylinux_2_{n}_x86_64" for n in range(28, 16, -1)))
"""Those of a Linux with glibc 2.28 or later; pip takes each of them by its exact name."""


def download(folder: Path, constraints: Path, *, python: str, has: Collection[str]) -> list[str]:
    """Put the wheels into a folder.

    Args:
        folder: Made if missing.
        constraints: The releases that the tests ran with.
        python: Version of CPython of the machine, such as `3.12`.
        has: Packages that the machine has.

    Returns:
        Names of the files.
    """
    if unknown := set(has) - set(CARRIED):
        raise SystemExit(f"{', '.join(sorted(unknown))}: not among {', '.join(CARRIED)}")
    wanted = [name for name in CARRIED if name not in has]
    folder.mkdir(parents=True, exist_ok=True)
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"),
        *("--no-deps", "--only-binary=:all:", "--constraint", str(constraints)),
        *("--implementation", "cp", "--python-version", python, *platforms),
        *("--dest", str(folder), *wanted),
    ]
    if wanted:
        subprocess.run(command, check=True)
    return sorted(path.name for path in folder.glob("*.whl"))


def use(root: Path) -> list[str]:
    """Make the wheels of a pack importable; a checkout has none.

    Args:
        root: Folder of the pack.

    Returns:
        Names of the wheels.
    """
    wheels = sorted((root / "wheels").glob("*.whl"))
    if not wheels:
        return []
    made_for = json.loads((root / "pack.json").read_bytes())["python"]
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != made_for:
        raise SystemExit(
            f"this is Python {here} and the wheels are for {made_for}: make gpu CPYTHON={here}"
        )
    for wheel in wheels:
        place = root / "site" / wheel.stem
        if not place.exists():
            # Under its name only when it is whole: a killed run must not leave half a package.
            begun = place.with_name(f"{place.name}.{os.getpid()}")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(begun)
            begun.rename(place)
        sys.path.insert(0, str(place))
    return [wheel.name for wheel in wheels]
