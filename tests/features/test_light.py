"""What a server loads of features, tasks and cleaners is light."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
from stoker.core.steps import load_stored
from stoker.features import FittedFeature
from stoker.tasks import FittedTask
from stoker.data.clean import CleanerState
number = {"mean": 0, "std": 1, "low": 0, "high": 1}
load_stored({"number": {**number, "had_missing": False}}, FittedFeature)
load_stored({"boolean": {"num_true": 1, "num_false": 1, "had_missing": False}}, FittedFeature)
load_stored({"timestamp": {"kind": "time", "first_us": 0, "last_us": 1, "parts": ["hour"],
                           "means": [0], "stds": [1], "had_missing": False}}, FittedFeature)
load_stored({"text": {"grams": [{"kind": "word", "text": "a", "weight": 1}], "spread": 1,
                      "means": [0, 0], "stds": [1, 1], "had_missing": False}}, FittedFeature)
load_stored({"category": {"vocabulary": ["a"], "counts": [1], "had_missing": False}}, FittedFeature)
load_stored({"image": {"height": 1, "width": 1, "channels": 1, "resize": "fit", "mean": [0],
                       "std": [1]}}, FittedFeature)
load_stored({"classify": {"classes": ["a", "b"], "counts": [1, 1], "kind": "text"}}, FittedTask)
load_stored({"regress": number}, FittedTask)
load_stored({"missing": {"numbers": {}, "categories": {}}}, CleanerState)
load_stored({"outliers": {"bounds": {}, "action": "clip"}}, CleanerState)
heavy = {"torch", "daft", "pandas", "sklearn", "polars", "lightgbm", "scipy"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def test_a_server_loads_neither_torch_nor_daft() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
