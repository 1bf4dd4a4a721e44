"""Is anything slower than in stoker 0.1.0?

Question:  CPU seconds (user and system) of what users do over and over: `import stoker`, `--help`,
           a run with nothing to do, an epoch of MNIST, the census from file to bundle.
Method:    both versions run on the same Python and libraries, one after the other in each round, in
           homes of their own, on one thread.  An epoch is the difference between trainings of three
           and of one.  The census is trained by `boosted_trees` in both, as the default of today
           tries many models.
Run:       STOKER_OLD_SOURCE=DIR python benchmarks/bench_house.py [--rounds 5] [--only NAME ...]
           DIR holds the sources of 0.1.0 (a folder with `stoker/`).
Read:      `cpu_s` is the median of rounds; `times_old` the median of ratios in each round, below 1
           where we are quicker.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _measure import measure, save

HERE = Path(__file__).parent
_EXAMPLES = HERE.parent / "examples"
_IDLE = """\
version: 1
name: customers
data: {sources: [{csv: {path: customers.csv}}], split: {test: 0.15, validation: 0.15}}
inputs: {first_spent: number, orders: number, discs: number, spent: number, first_weekday: category}
target: {churned: classify}
train: {preset: fast}
"""


class Version:
    """One version in a folder of its own."""

    def __init__(self, source: str, folder: Path) -> None:
        """Name its sources; nothing runs yet."""
        self.env = {"PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
        self.folder = folder
        folder.mkdir()

    def cpu_s(self, *words: str) -> float:
        """CPU seconds of a child."""
        return measure([sys.executable, *words], env=self.env).cpu_s

    def run(self, recipe: Path, *more: str, home: str = "home") -> float:
        """CPU seconds of `stoker run`."""
        place = ["--home", str(self.folder / home)]
        return self.cpu_s("-m", "stoker", "run", str(recipe), *place, *more)


def imports(version: Version, _number: int) -> float:
    """`import stoker`."""
    return version.cpu_s("-c", "import stoker")


def shows_help(version: Version, _number: int) -> float:
    """`stoker --help`."""
    return version.cpu_s("-m", "stoker", "--help")


def idle(version: Version, number: int) -> float:
    """A run with nothing to do."""
    recipe = version.folder / "customers.yaml"
    if number == 0:
        templates = HERE.parent / "src/stoker/cli/templates"
        data = (templates / "customers.csv").read_bytes()
        (version.folder / "customers.csv").write_bytes(data)
        recipe.write_text(_IDLE, encoding="utf-8")
        version.run(recipe)
    return version.run(recipe)


def epoch(version: Version, number: int) -> float:
    """An epoch of MNIST with `mlp`."""
    recipe = _EXAMPLES / "mnist-mlp.yaml"
    if number == 0:
        version.run(recipe, "--until", "prepare")
    told = ["--until", "train", "--set", f"seed={number + 1}", "--set", "train.threads=1"]
    # Another seed divides the rows anew, which the first of the two pays.
    version.run(recipe, "--until", "prepare", "--set", f"seed={number + 1}")
    short, long = (version.run(recipe, *told, "--set", f"train.epochs={n}") for n in (1, 3))
    return (long - short) / 2


def census(version: Version, number: int) -> float:
    """The census from file to bundle."""
    told = ["--set", "model=boosted_trees", "--set", f"seed={number}"]
    return version.run(_EXAMPLES / "census.yaml", *told, home=f"census-{number}")


WHAT: dict[str, Callable[[Version, int], float]] = {
    "import stoker": imports,
    "stoker --help": shows_help,
    "a run with nothing to do": idle,
    "an epoch of MNIST, mlp": epoch,
    "census, boosted_trees": census,
}


def main() -> None:
    """Measure both versions in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(WHAT))
    given = parser.parse_args()
    sources = {"stoker": str(HERE.parent / "src"), "stoker 0.1.0": os.environ["STOKER_OLD_SOURCE"]}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        versions = [Version(s, Path(scratch) / str(i)) for i, s in enumerate(sources.values())]
        for what in given.only:
            rounds = 2 if what.startswith("census") else given.rounds
            found = [[WHAT[what](one, number) for one in versions] for number in range(rounds)]
            rows.append(
                {
                    "what": what,
                    "cpu_s": round(statistics.median(ours for ours, _ in found), 3),
                    "old_cpu_s": round(statistics.median(old for _, old in found), 3),
                    "times_old": round(statistics.median(o / p for o, p in found), 3),
                }
            )
    save("house", rows, libraries=("torch", "lightgbm", "daft", "pyarrow"))


if __name__ == "__main__":
    main()
