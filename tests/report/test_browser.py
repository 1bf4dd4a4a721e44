"""A real browser cuts nothing of the page off, on a screen or a phone, and refuses no style."""

from __future__ import annotations

import html
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stoker
from stoker.evaluate.score import evaluate
from stoker.report.facts import ReportFacts
from stoker.report.write import write_report
from stoker.tasks.classify import FittedClassify

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-logging=stderr",
    "--virtual-time-budget=4000",
    "--window-size=1300,900",
    "--dump-dom",
]

MEASURE = """
<!doctype html><title>measure</title><div id="out"></div>
<script>
const page = %s, found = {}, widths = [320, 360, 390, 768, 1000, 1200];
let waiting = widths.length;
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  frame.onload = () => {
    const root = frame.contentDocument.documentElement;
    for (const one of root.querySelectorAll("details")) one.open = true;
    const boxes = [...root.querySelectorAll("body *")].filter(
      (one) => one.clientWidth > 1 && !one.closest("svg, table.stack thead"));
    const over = (some) => Math.max(0, ...some.map((one) => one.scrollWidth - one.clientWidth));
    const matrix = boxes.filter((one) => one.querySelector(":scope > table.matrix"));
    const others = boxes.filter((one) => !matrix.includes(one));
    const outside = [...root.querySelectorAll("svg.chart text")].map((one) => {
      const [own, frame] = [one, one.closest("svg")].map((box) => box.getBoundingClientRect());
      return Math.max(frame.left - own.left, own.right - frame.right, own.bottom - frame.bottom);
    });
    found[width] = [root.scrollWidth, Math.max(over(others), ...outside), over(matrix)];
    if (--waiting === 0) document.getElementById("out").textContent = JSON.stringify(found);
  };
  frame.srcdoc = page;
  document.body.append(frame);
}
</script>
"""


@pytest.mark.slow
def test_no_width_scrolls_sideways(facts: ReportFacts, tmp_path: Path) -> None:
    if BROWSER is None:
        pytest.skip("no chromium on this machine; apt-get install chromium")
    page = write_report(tmp_path, facts).read_text("utf-8")
    outer = tmp_path / "measure.html"
    outer.write_text(MEASURE % json.dumps(page).replace("</", "<\\/"), encoding="utf-8")
    profile = tmp_path / "profile"
    check_widths(measured(outer, profile))


def check_widths(found: dict[str, tuple[int, int, int]]) -> None:
    """A matrix of many classes may scroll on a phone; nothing else may, anywhere."""
    for width, (scroll_width, others, matrix) in found.items():
        assert scroll_width <= int(width), (width, scroll_width)
        assert others <= 1 or int(width) < 390, (width, others)
        assert matrix <= 1 or int(width) < 1200, (width, matrix)


def measured(outer: Path, profile: Path) -> dict[str, tuple[int, int, int]]:
    """By width: how wide the page is, how much of anything is cut off, and of a matrix."""
    assert BROWSER is not None
    done = subprocess.run(  # a browser that the system has, on our own file
        [BROWSER, *FLAGS, f"--user-data-dir={profile}", outer.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    match = re.search(r'<div id="out">(.*?)</div>', done.stdout)
    assert match, done.stderr[-2000:]
    assert "Content Security Policy" not in done.stderr
    return json.loads(html.unescape(match[1]))


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "length"), [(10, 1), (10, 14), (25, 3), (25, 20)])
def test_no_confusion_matrix_is_cut_off(classes: int, length: int, tmp_path: Path) -> None:
    if BROWSER is None:
        pytest.skip("no chromium on this machine; apt-get install chromium")
    draw = np.random.default_rng(0)
    target_N = draw.integers(0, classes, 400)
    output_NK = draw.normal(size=(400, classes)) + 2 * np.eye(classes)[target_N]
    names = tuple(str(place).rjust(length, "m") for place in range(classes))
    task = FittedClassify(classes=names, counts=(9,) * classes, kind="text")
    facts = ReportFacts(
        name="many",
        predicts="the class",
        target="label",
        evaluations={"model": evaluate(output_NK, target_N, task, seed=0, resamples=0)},
    )
    page = write_report(tmp_path, facts).read_text("utf-8")
    outer = tmp_path / "measure.html"
    outer.write_text(MEASURE % json.dumps(page).replace("</", "<\\/"), encoding="utf-8")
    check_widths(measured(outer, tmp_path / "profile"))


def staff(rows: int = 500) -> dict[str, list[Any]]:
    """A table with a column of every kind, long names, and classes whose names are sentences."""
    draw = random.Random(0)
    towns = ("北京市朝阳区", "short", "a name of a category that nobody would write a second time")
    words = ["good", "bad", "fine", "slow", "fast", "very", "never", "always"]
    found: dict[str, list[Any]] = {}
    for number in range(rows):
        size, month = draw.gauss(0, 1), draw.randint(1, 12)
        note = " ".join(draw.choice(words) for _ in range(6))
        leaves = size + (month > 6) + 0.5 * ("good" in note) + draw.gauss(0, 0.7) > 1
        row = {
            "a very long name of a numeric column that somebody wrote": size,
            "town": draw.choice(towns),
            "when": f"2023-{month:02d}-{draw.randint(1, 28):02d}",
            "note": note,
            "order": 1000 + number,
            "outcome": "leaves within the first twelve months" if leaves else "stays",
        }
        for name, cell in row.items():
            found.setdefault(name, []).append(cell)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "target", ["outcome", "a very long name of a numeric column that somebody wrote"]
)
def test_a_whole_report_of_a_second_run_is_cut_off_nowhere(tmp_path: Path, target: str) -> None:
    if BROWSER is None:
        pytest.skip("no chromium on this machine; apt-get install chromium")
    keys: dict[str, Any] = {"target": target, "home": tmp_path / "home", "name": "staff"}
    keys |= {"train": {"threads": 1}, "evaluate": {"resamples": 100}}
    stoker.run(staff(), **keys, inputs={"town": "category"})
    report = stoker.run(staff(), **keys).report
    assert report is not None
    page = report.read_text("utf-8")
    for part in ("Leaderboard", "Would more rows help?", "Against the version before", "when, "):
        assert part in page
    outer = tmp_path / "measure.html"
    outer.write_text(MEASURE % json.dumps(page).replace("</", "<\\/"), encoding="utf-8")
    check_widths(measured(outer, tmp_path / "profile"))
