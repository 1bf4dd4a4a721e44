"""`make gpu`: what is measured on a GPU runs to its end on a processor, and the pack is enough."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PLAIN = (
    *("torch", "torchgen", "functorch", "numpy", "numpy.libs"),
    *("filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx", "sympy"),
    "typing_extensions.py",
)
"""What an environment with torch and numpy has, and no more."""
_IMPORTS = """
import sys
sys.path.insert(0, sys.argv[1])
import gpu
used = gpu.prepare_imports()
import accelerator.parity, accelerator.resume, accelerator.speed
import stoker
print(stoker.__file__, len(used), "sqlalchemy" in sys.modules, sep="|")
"""


@pytest.mark.slow
def test_a_tiny_run_checks_and_measures_everything(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts/gpu.py"), "run", "--tiny"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "gpu.json").read_bytes())
    assert found["ok"]
    families = {"logistic", "mlp", "cnn", "resnet"}
    assert {record["family"] for record in found["parity"]} == families
    assert {record["family"] for record in found["speed"]} == families
    assert {"adamw", "sgd"} <= {record["optimizer"] for record in found["optimizers"]}
    assert all(0 < r["errors"]["gradient"] <= r["tolerances"]["gradient"] for r in found["parity"])
    assert all(record["rows_per_s"] > 0 for record in found["speed"])
    resume = found["resume"]
    assert resume["kills"] == 1
    assert resume["sha256_killed"] == resume["sha256_straight"]
    assert resume["last_loss"] < resume["first_loss"]


@pytest.mark.slow
def test_a_pack_runs_beside_torch_and_numpy_alone(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, checkout], check=True)
    shutil.copytree(ROOT / "scripts", checkout / "scripts", dirs_exist_ok=True)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    pack = [sys.executable, str(checkout / "scripts/gpu.py"), "pack", "--python", here]
    subprocess.run(pack, check=True, capture_output=True)
    packed = checkout / "build/gpu.tar.gz"
    assert packed.stat().st_size <= 64 << 20
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    plain, installed = tmp_path / "plain", Path(sysconfig.get_paths()["purelib"])
    plain.mkdir()
    for name in PLAIN:
        if (installed / name).exists():
            (plain / name).symlink_to(installed / name)
    done = subprocess.run(
        [sys.executable, "-S", "-c", _IMPORTS, str(tmp_path / "gpu/scripts")],
        env={"PYTHONPATH": str(plain), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    source, wheels, has_store = done.stdout.strip().split("|")
    assert Path(source).is_relative_to(tmp_path / "gpu/src")
    assert (wheels, has_store) == ("8", "False")
