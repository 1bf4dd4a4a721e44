#!/usr/bin/env bash
# LightGBM 4.7.0: adding a constant to a column changes the answers.
#
# Expected: trees look at the order of numbers only, so x and x + 4 give the same model, moved by 4.  (All
# numbers below are whole multiples of 1/256: the sum is exact, no rounding is involved.)
# Seen: when it makes bins, LightGBM cuts at zero first and shares the bins out between the negative and the
# positive numbers.  With more distinct numbers than bins the cuts of x and x + 4 are different ones, and
# answers differ by more than the noise of the target.  With one bin for each distinct number they are equal.
# Whoever wants trees that do not depend on the unit hands them ranks from 1 on.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet lightgbm==4.7.0 numpy==2.4.6
"$work/env/bin/python" - <<'PY'
import lightgbm, numpy

random = numpy.random.default_rng(0)
x = random.integers(-500, 500, 2000) / 256
target = numpy.sin(3 * x) + random.normal(0, 0.1, len(x))
asked = (numpy.arange(-500, 500) / 256)[:, None]


def answers(shift, bins):
    settings = {"objective": "regression", "max_bin": bins, "min_data_in_bin": 1, "verbose": -1,
                "num_threads": 1, "deterministic": True, "seed": 1}
    model = lightgbm.train(settings, lightgbm.Dataset((x + shift)[:, None], target), 50)
    return model.predict(asked + shift)


for bins in (255, 2000):
    print("max_bin", bins, "largest difference", numpy.abs(answers(0.0, bins) - answers(4.0, bins)).max())
assert numpy.abs(answers(0.0, 255) - answers(4.0, 255)).max() > 0.05
assert numpy.abs(answers(4.0, 255) - answers(8.0, 255)).max() < 1e-9
PY
echo "as stated"
