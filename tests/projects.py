"""Small projects with real data for whole runs: pictures of digits and a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

DIGITS = """\
version: 1
name: digits
data:
  sources: [{images: {path: 数字}}]
  clean: [exact_duplicates]
  split: {test: 0.2, validation: 0.2, stratify: label}
inputs: {image: image}
target: {label: classify}
model: {cnn: {width: 8}}
train: {preset: fast, epochs: 40, checkpoint_every: 1s, threads: 1}
evaluate: {gates: {accuracy: ">= 0.3"}, resamples: 100}
compress: off
"""

TUMOURS = """\
version: 1
name: tumours
data:
  sources: [{csv: {path: tumours.csv}}]
  clean: [exact_duplicates, {missing: {number: median}}]
  split: {test: 0.2, validation: 0.2, stratify: diagnosis}
target: {diagnosis: classify}
model: blend
train: {preset: fast, threads: 1}
evaluate: {resamples: 100}
"""


@pytest.fixture
def digits_project(tmp_path: Path) -> Path:
    """600 real 8x8 digits as PNG files, a folder per class, below a folder with a Chinese name."""
    images, labels = load_digits(return_X_y=True)
    for number, (pixels, label) in enumerate(zip(images[:600], labels[:600], strict=True)):
        folder = tmp_path / "数字" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((pixels.reshape(8, 8) * 15.9).astype("uint8"))
        picture.save(folder / f"{number:04}.png")
    (tmp_path / "recipe.yaml").write_text(DIGITS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def tumours_project(tmp_path: Path) -> Path:
    """569 real rows with 30 numbers and a label; some cells are left empty."""
    data: Any = load_breast_cancer()
    with (tmp_path / "tumours.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*data.feature_names, "diagnosis"])
        for number, (row, label) in enumerate(zip(data.data, data.target, strict=True)):
            cells = ["" if (number + place) % 97 == 0 else f"{v:g}" for place, v in enumerate(row)]
            writer.writerow([*cells, data.target_names[label]])
    (tmp_path / "recipe.yaml").write_text(TUMOURS, encoding="utf-8")
    return tmp_path
