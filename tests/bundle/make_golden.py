"""Write the golden bundles that every later release must load; run it once for a new format.

    python tests/bundle/make_golden.py

It makes `golden/v<format>-<case>/` for each case: `bundle/`, and `case.json` with raw rows, the raw
outputs they gave and how near another machine must come.  A case that is there already is left
alone: golden means that it is never made again.
"""

from __future__ import annotations

import base64
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import load
from stoker.bundle.write import FORMAT, write_bundle
from stoker.candidates.conditions import Conditions
from stoker.cells.numbers import NumberCells
from stoker.compress import Material
from stoker.compress.int8 import Int8
from stoker.data.clean.missing import FilledNumber, FittedMissing
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import FittedFeature
from stoker.features.category import Category
from stoker.features.image import FittedImage
from stoker.features.number import Number
from stoker.models.boosted_trees import BoostedTrees
from stoker.models.cnn import Cnn
from stoker.networks.export import export, weights_of
from stoker.tasks.classify import Classify
from stoker.tasks.regress import Regress

GOLDEN = Path(__file__).parent / "golden"
SIDE = 12


def people(rows: int) -> pa.Table:
    """Ages with gaps, jobs with rare ones, and a class that follows from both."""
    random = np.random.default_rng(7)
    age = random.integers(18, 90, rows)
    job = random.integers(0, 12, rows)
    level = np.digitize(age + 5 * (job % 4) + random.normal(0, 4, rows), [45, 65])
    return pa.table(
        {
            "年龄": [None if a % 9 == 0 else int(a) for a in age],
            "job": [f"职业 {j}" if j else None for j in job],
            "level": [("low", "middle", "high")[k] for k in level],
        }
    )


def pictures(rows: int) -> pa.Table:
    """Squares of some size and brightness on noise; the target is the brightness times size."""
    random = np.random.default_rng(8)
    cells, targets = [], []
    for _ in range(rows):
        pixels = random.integers(0, 40, (SIDE, SIDE), dtype=np.uint8)
        size, light = random.integers(2, 9), random.integers(60, 255)
        pixels[2 : 2 + size, 2 : 2 + size] = light
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        cells.append(stream.getvalue())
        targets.append(float(light * size) / 100)
    weight = [None if i % 9 == 0 else str(i % 5) for i in range(rows)]
    return pa.table({"图像": pa.array(cells, pa.large_binary()), "weight": weight, "size": targets})


def prepare(rows: pa.Table, interface: Interface, folder: Path, part: str) -> PreparedSet:
    for state in interface.cleaners:
        rows = state.apply(rows)
    inputs = interface.inputs
    columns = {name: Column(f.dtype.name, f.shape) for name, f in inputs.items()}
    target = interface.task.encode(rows[interface.target]).values
    with PreparedWriter(folder, part, columns, Column(target.dtype.name)) as writer:
        values = {name: f.transform(rows[name]).values for name, f in inputs.items()}
        writer.append(values, target=target, row=np.arange(rows.num_rows))
    return PreparedSet.open(folder, part)


def make_trees(bundle: Path, scratch: Path) -> pa.Table:
    rows = people(900)
    inputs: dict[str, FittedFeature] = {
        "年龄": Number().fit(rows["年龄"]),
        "job": Category().fit(rows["job"]),
    }
    filled = FilledNumber(cells=NumberCells(), fill=50)
    cleaner = FittedMissing(numbers={"年龄": filled}, categories={})
    interface = Interface(inputs, (cleaner,), "level", Classify().fit(rows["level"]))
    train = prepare(rows[:700], interface, scratch, "train")
    held_out = prepare(rows[700:], interface, scratch, "validation")
    model = BoostedTrees(num_trees=12, num_leaves=7)
    made = model.fit(train, held_out, interface.task, under=Conditions(0))
    write_bundle(
        bundle,
        name="golden-trees",
        interface=interface,
        graph=made.graph,
        weights=made.weights,
        model={"boosted_trees": model.model_dump(mode="json")},
    )
    return rows.select(["年龄", "job"])[700:712]


def make_pictures(bundle: Path, scratch: Path) -> pa.Table:
    rows = pictures(256)
    image = FittedImage(
        height=SIDE, width=SIDE, channels=1, resize="stretch", mean=(0.2,), std=(0.25,)
    )
    inputs: dict[str, FittedFeature] = {"图像": image, "weight": Number().fit(rows["weight"])}
    interface = Interface(inputs, (), "size", Regress().fit(rows["size"]))
    train = prepare(rows, interface, scratch, "train")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = Cnn(width=4, hidden=(16,))
    network = model.build(inputs, 1)
    optimizer = torch.optim.AdamW(network.parameters(), 5e-3)
    for _ in range(150):
        output = network({k: torch.from_numpy(np.array(v)) for k, v in train.columns.items()})
        loss = ((output[:, 0] - torch.from_numpy(np.array(train.target))) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    write_bundle(
        bundle,
        name="golden-pictures",
        interface=interface,
        graph=export(network.eval(), interface.forms),
        weights=weights_of(network),
        model={"cnn": model.model_dump(mode="json")},
    )
    return rows.select(["图像", "weight"])[:12]


def make_int8(bundle: Path, scratch: Path) -> pa.Table:
    rows = make_pictures(scratch / "float", scratch)
    train = PreparedSet.open(scratch, "train")
    Int8(form="signed").compress(scratch / "float", bundle, Material(train.columns, train, train))
    return rows


CASES = {"trees": (make_trees, 1e-5), "pictures": (make_pictures, 1e-4), "int8": (make_int8, 0.05)}


def write_case(folder: Path, rows: pa.Table, tolerance: float) -> None:
    output_NK = load(folder / "bundle").outputs(rows)
    case = {
        "rows": [{name: to_json(cell) for name, cell in row.items()} for row in rows.to_pylist()],
        "outputs": output_NK.astype(float).tolist(),
        "tolerance": tolerance,
    }
    text = json.dumps(case, ensure_ascii=False, indent=1)
    (folder / "case.json").write_text(text + "\n", encoding="utf-8")


def to_json(cell: Any) -> Any:
    return {"base64": base64.b64encode(cell).decode()} if isinstance(cell, bytes) else cell


def main() -> None:
    for name, (make, tolerance) in CASES.items():
        folder = GOLDEN / f"v{FORMAT}-{name}"
        if folder.exists():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            rows = make(folder / "bundle", Path(scratch))
        write_case(folder, rows, tolerance)


if __name__ == "__main__":
    main()
