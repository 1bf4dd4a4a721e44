#!/usr/bin/env bash
# Daft 0.7.26: 0.0 and -0.0 are different values, and adding zero does not make them one.
#
# Expected: IEEE 754 says that they are equal, so `==` holds, distinct keeps one of them, and the usual way to
# drop the sign, x + 0.0, gives 0.0 for both.
# Seen: `==` is false, distinct keeps two, their hashes differ, and x + 0.0, 0.0 + x and x * 1.0 are taken for x
# itself, sign and all.  x + 1.0 - 1.0 and abs(x) == 0 see through it.
# Whoever hashes rows to find copies has to put 0.0 where abs(x) is 0 first.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet daft==0.7.26 'pyarrow==25.0.1'
DAFT_ANALYTICS_ENABLED=0 DO_NOT_TRACK=true DAFT_RUNNER=native DAFT_PROGRESS_BAR=0 "$work/env/bin/python" - <<'PY'
import math

import daft
from daft import col, lit

frame = daft.from_pydict({"x": [0.0, -0.0], "zero": [0.0, 0.0]})
found = frame.select(
    (col("x") == col("zero")).alias("equal"),
    col("x").hash().alias("hash"),
    (col("x") + lit(0.0)).alias("right"),
    (lit(0.0) + col("x")).alias("left"),
    (col("x") * lit(1.0)).alias("times"),
    (col("x") + lit(1.0) - lit(1.0)).alias("over_one"),
    (col("x").abs() == lit(0.0)).alias("abs_is_zero"),
).to_pydict()
signs = {name: [math.copysign(1, value) for value in found[name]] for name in ("right", "left", "times", "over_one")}
kept = frame.select("x").distinct().count_rows()
print("equal", found["equal"], "abs is zero", found["abs_is_zero"], "distinct keeps", kept, signs)
assert found["equal"] == [True, False]
assert found["hash"][0] != found["hash"][1]
assert kept == 2
assert signs["right"] == signs["left"] == signs["times"] == [1, -1]
assert signs["over_one"] == [1, 1]
assert found["abs_is_zero"] == [True, True]
PY
echo "as stated"
