#!/usr/bin/env bash
# pyarrow 25.0.1 with pandas 3.0.3 installed beside it: the first array that is made from a Python list imports pandas.
#
# Expected: pandas is optional; who never touches a frame never pays for it.  `import pyarrow`, `pyarrow.csv` and
# `pyarrow.parquet` keep to that.
# Seen: `pyarrow.array([1, 2, 3])` looks whether the list is a pandas object, and to know it imports the whole of pandas
# (0.3 to 0.6 s of CPU and some 40 MB here), where it is installed.  A process that must start quickly pays for a
# library that it does not use, and nothing says so.  Arrays read from files do not do it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet pyarrow==25.0.1 pandas==3.0.3 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
import io, resource, sys, time

import pyarrow, pyarrow.csv

table = pyarrow.csv.read_csv(io.BytesIO(b"a,b\n1,x\n2,y\n"))
assert table["a"].to_pylist() == [1, 2] and "pandas" not in sys.modules
begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pyarrow.array([1, 2, 3])
cost, grown = time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(f"pandas imported: {'pandas' in sys.modules}, {cost:.2f} s of CPU, {grown / 1024:.0f} MB")
assert "pandas" in sys.modules
PY
echo "as stated"
