"""One file that holds all that a machine without a package index needs: source, data, wheels.

The data are the digits of `stoker init example`, which lie in the source.  Only what git tracks is
packed; the commit is written down, and whether something in it was changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Collection
from pathlib import Path

from accelerator import wheels

MOST_BYTES = 64 << 20
_TAKEN = ("src", "scripts/gpu.py", "scripts/accelerator", "LICENSE", "pyproject.toml")


def make(root: Path, *, python: str, has: Collection[str]) -> Path:
    """Write `build/gpu.tar.gz`.

    Args:
        root: Folder of the checkout.
        python: Version of CPython of the machine, such as `3.12`.
        has: Packages that the machine has and that need not be carried.
    """
    build = root / "build"
    build.mkdir(exist_ok=True)
    packed = build / "gpu.tar.gz"
    with tempfile.TemporaryDirectory(dir=build) as made:
        folder = Path(made) / "gpu"
        _copy_source(root, folder)
        names = wheels.download(folder / "wheels", root / "constraints.txt", python=python, has=has)
        facts = {"commit": commit(root), "python": python, "wheels": names}
        (folder / "pack.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(folder, "gpu")
    size = packed.stat().st_size
    if size > MOST_BYTES:
        packed.unlink()
        raise SystemExit(
            f"{size / 2**20:.1f} MiB, at most {MOST_BYTES >> 20}: "
            "name what the machine has, such as make gpu HAS=pyarrow"
        )
    print(f"{packed.relative_to(root)}: {size / 2**20:.1f} MiB, {len(names)} wheels; there:")
    print("  tar xzf gpu.tar.gz && python3 gpu/scripts/gpu.py run")
    return packed


def commit(root: Path) -> str:
    """The commit of a checkout, or of the one that a pack was made from; "unknown" in a copy."""
    if (root / "pack.json").is_file():
        return json.loads((root / "pack.json").read_bytes())["commit"]
    if not (root / ".git").exists():
        return "unknown"
    return _git(root, "describe", "--always", "--dirty", "--abbrev=12").strip()


def _copy_source(root: Path, folder: Path) -> None:
    for name in _git(root, "ls-files", "-z", "--", *_TAKEN).split("\0")[:-1]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, folder / name)


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout
