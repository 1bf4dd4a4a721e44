"""Networks are built and trained where nothing can be installed: beside torch, little is needed.

A machine with an accelerator often has torch and no package index.  What prepares tables, keeps
runs and writes graphs is of no use there, and training does not ask for it.
"""

from __future__ import annotations

import subprocess
import sys

BLOCKED = (
    "alembic",
    "daft",
    "jinja2",
    "lightgbm",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "sklearn",
    "sqlalchemy",
)
_IMPORTS = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
for room in ("stoker.train", "stoker.networks"):
    found = importlib.import_module(room)
    for module in pkgutil.walk_packages(found.__path__, room + "."):
        importlib.import_module(module.name)
        print(module.name)
from stoker.core.steps import find_step, step_names
from stoker.models import Model
for name in step_names("stoker.models"):
    print(find_step("stoker.models", name, Model).__module__)
"""


def test_train_and_networks_import_without_tables_store_and_graphs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS, ",".join(BLOCKED)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert {"stoker.train.loop", "stoker.train.optim.adamw", "stoker.train.habits"} <= imported
    assert {"stoker.networks.resnet", "stoker.networks.fine_tuned"} <= imported
    assert {"stoker.models.cnn", "stoker.models.mlp"} <= imported
