"""Loading a bundle and predicting needs numpy, pyarrow and onnxruntime, and nothing heavier.

pyarrow itself imports pandas, where that is installed, when it meets the first Python list; so the
program forbids that import, as the server does, and must do well without it.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Forbid())
from stoker import load
predictor = load(sys.argv[1])
predictor.predict([{"年龄": 41, "job": "cook"}, {"年龄": None, "job": None}])
predictor.input_schema(), predictor.output_schema(), predictor.info
heavy = ("torch", "sklearn", "polars", "daft", "lightgbm", "onnx", "safetensors", "scipy")
print([name for name in heavy if name in sys.modules])
print([name for name in sys.modules if name.startswith("stoker.train")])
"""


def test_predicting_loads_nothing_heavy(make_table) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(make_table())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "[]"]
    assert done.stderr == ""
