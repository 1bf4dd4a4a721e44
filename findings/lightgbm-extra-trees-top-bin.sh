#!/usr/bin/env bash
# LightGBM 4.7.0: `extra_trees` never draws the topmost cut of a column without missing numbers.
#
# Expected, from "LightGBM will check only one randomly-chosen threshold": of a column with k different numbers
# each of the k - 1 cuts is drawn now and then.
# Seen, 1,000 trees of 100 values of `extra_seed` a case: the cut below the largest number is never drawn where
# there are three bins or more, and zero has a bin of its own even where it does not occur.  So of 1, 2, 3 only
# the lower cut is used, and a column of 1 and 2 is never split at all: the only draw lies at zero, where all
# rows are on one side.  0 and 1 (two bins) are split, -2 and -1 too (the cut that is lost is the one at zero),
# of 0, 1, 2 again the lower cut only.  One missing number adds a bin, and all cuts are drawn.  Without
# `extra_trees` the topmost cut is used like any other.  A warning there is none.
# Whoever wants randomised trees writes a column of two numbers as 0 and 1, or keeps ordinary trees beside them.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet lightgbm==4.7.0 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
from collections import Counter

import lightgbm, numpy


def cuts(*values, extra=True, missing=0):
    """How often each cut is used by 10 trees of each of 100 seeds; the target rises with every number."""
    column = numpy.concatenate([numpy.repeat(numpy.array(values, float), 20), numpy.full(missing, numpy.nan)])
    target = numpy.nan_to_num(column, nan=0.0)
    found = Counter()
    for seed in range(100):
        settings = {"objective": "regression", "extra_trees": extra, "extra_seed": seed, "num_threads": 1,
                    "min_data_in_bin": 1, "min_data_in_leaf": 1, "verbose": -1}
        trees = lightgbm.train(settings, lightgbm.Dataset(column[:, None], target), 10).dump_model()["tree_info"]
        nodes = [tree["tree_structure"] for tree in trees]
        while nodes:
            node = nodes.pop()
            if "threshold" in node:
                found[round(node["threshold"], 2) + 0.0] += 1
                nodes += [node["left_child"], node["right_child"]]
    return dict(sorted(found.items()))


for values in ((1, 2), (0, 1), (-2, -1), (1, 2, 3), (0, 1, 2), (-3, -2, -1), (1, 2, 3, 4, 5)):
    print(values, "extra", cuts(*values), "one missing", cuts(*values, missing=1), "usual", cuts(*values, extra=False))
assert cuts(1, 2) == {}
assert set(cuts(1, 2, 3)) == {1.5}
assert set(cuts(0, 1, 2)) == {0.0}
assert set(cuts(1, 2, 3, 4, 5)) == {1.5, 2.5, 3.5}
assert len(cuts(0, 1)) == len(cuts(-2, -1)) == 1
assert set(cuts(-3, -2, -1)) == {-2.5, -1.5}
assert 2.5 in cuts(1, 2, 3, missing=1)
assert 1.5 in cuts(1, 2, missing=1)
assert set(cuts(1, 2, 3, extra=False)) == {1.5, 2.5}
PY
echo "as stated"
