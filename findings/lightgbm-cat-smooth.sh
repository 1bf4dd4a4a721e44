#!/usr/bin/env bash
# LightGBM 4.7.0: `cat_smooth` is not only a smoothing, it is also the least number of rows of a level.
#
# Expected, from "this can reduce the effect of noises in categorical features": a larger value pulls levels
# with few rows towards the mean.
# Seen: with more than `max_cat_to_onehot` (4) levels, a level whose rows in the node are fewer than
# `cat_smooth` takes no part in a split.  40 levels of 37 rows each that determine the target alone: with
# cat_smooth=50 no tree has a split and every answer is the mean; with 10 (the default) the levels are used.
# A warning there is none.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet lightgbm==4.7.0 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
import lightgbm, numpy

level = numpy.repeat(numpy.arange(40), 37)
target = numpy.sin(7.0 * level)


def splits_and_error(smooth):
    settings = {"objective": "regression", "cat_smooth": smooth, "min_data_per_group": 1, "verbose": -1}
    data = lightgbm.Dataset(level[:, None].astype(float), target, categorical_feature=[0])
    model = lightgbm.train(settings, data, 50)
    answer = model.predict(level[:, None].astype(float))
    return int(model.feature_importance("split").sum()), float(numpy.mean((answer - target) ** 2))


for smooth in (36, 38, 50, 10):
    print("cat_smooth", smooth, "splits, mean squared error", splits_and_error(smooth))
assert splits_and_error(50)[0] == 0
assert splits_and_error(38)[0] == 0
assert splits_and_error(36)[0] > 0
assert splits_and_error(10)[1] < 0.01
PY
echo "as stated"
