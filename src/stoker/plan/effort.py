"""About how long each stage takes on a quiet machine of two cores, from how much there is to do.

The rates stand beside the work, in each stage; they are rounded from whole runs of MNIST,
Census-Income and folders of pictures, large and small.  They are a rough guess and are said to be
one: other disks, other processors and busy neighbours easily make a factor of three.  They matter
twice: as the only answer before the first run, and afterwards as the yardstick that scales what
this home measured to more rows, more epochs or another model.

Cost: arithmetic only.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from stoker.core.steps import step_name
from stoker.dag.build import stages_of
from stoker.dag.stage import name_of
from stoker.data.extent import Extent
from stoker.plan.size import Size
from stoker.recipe.model import Recipe

GFLOPS = 200.0
"""Float32 matrix products of the two cores that the rates come from."""

_PROBE_SIDE, _PROBES = 96, 300


@dataclass(frozen=True)
class Effort:
    """What a stage takes by the built-in rates."""

    seconds: float
    kind: str
    """Of data and model; times of one kind say something about others of that kind."""


def efforts(recipe: Recipe, extent: Extent, gflops: float = GFLOPS) -> dict[str, Effort]:
    """About what each stage takes; one is absent where nobody can tell.

    Args:
        recipe: What is to be done.
        extent: How large its data is.
        gflops: Float32 matrix products of this machine, in billions of operations a second.
    """
    size = Size(recipe, extent, gflops)
    data = "pictures" if extent.encoded else "pixels" if extent.picture else "table"
    found = {}
    for stage in stages_of(recipe):
        seconds = stage.seconds(size)
        if seconds is not None:
            kind = f"{data} {step_name(size.main)}" if stage.depends_on_model else data
            found[name_of(stage)] = Effort(round(seconds, 3), kind)
    return found


def measure_gflops(threads: int) -> float:
    """Billions of operations a second of float32 matrix products, when nobody else disturbs them.

    Costs about five milliseconds.  NumPy's product stands for torch's, whose import would take
    longer than everything else that a plan does.  It is so small that NumPy uses one thread, and
    the best of many meets no neighbour even on a busy machine; threads are taken to multiply it.

    Args:
        threads: How many will be used.
    """
    left = np.ones((_PROBE_SIDE, _PROBE_SIDE), np.float32)
    best = float("inf")
    for _ in range(_PROBES):
        begin = perf_counter()
        left @ left
        best = min(best, perf_counter() - begin)
    return threads * 2 * _PROBE_SIDE**3 / best / 1e9
