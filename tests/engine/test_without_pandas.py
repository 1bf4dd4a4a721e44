"""pandas stays out of a process until somebody imports it, and is whole from then on."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    """What a fresh process prints."""
    command = [sys.executable, "-c", f"from stoker.engine.without_pandas import *\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_arrow_makes_arrays_of_lists_and_numpy_without_pandas():
    code = """
import sys, numpy as np
leave_pandas_out()
made = [pa.array([1, None]), pa.array(np.arange(3.0)), pa.array(["a"], pa.string())]
made += [pa.array(np.array([1.0, np.nan]), from_pandas=True)]
print([one.null_count for one in made], "pandas" in sys.modules)
"""
    assert run(code) == "[1, 0, 0, 1] False"


def test_who_imports_pandas_later_has_it_in_arrow_too():
    code = """
import sys
leave_pandas_out()
import pandas as pd
series = pa.array(pd.Series([1.0, None]))
table = pa.Table.from_pandas(pd.DataFrame({"a": pd.Categorical(["x", "y"])}))
print(series.null_count, table.schema.field("a").type, type(table.to_pandas()).__name__)
print(type(pd.__loader__).__name__, pd.__spec__.loader is pd.__loader__)
print([type(one).__name__ for one in sys.meta_path if "Pandas" in type(one).__name__])
"""
    lines = run(code).splitlines()
    assert lines[0].startswith("1 dictionary<values=")
    assert lines[0].endswith("DataFrame")
    assert lines[1:] == ["SourceFileLoader True", "[]"]


def test_arrow_itself_may_ask_for_a_frame():
    code = """
leave_pandas_out()
print(type(pa.table({"a": [1]}).to_pandas()).__name__)
print(pa.array(pa.array([1.0, None]).to_pandas()).null_count)
"""
    assert run(code).splitlines() == ["DataFrame", "1"]


def test_pandas_that_is_there_already_stays():
    assert run("import sys, pandas\nleave_pandas_out()\nprint(len(sys.meta_path) < 9)") == "True"
