"""A real browser shows the page without scrolling sideways and without a refused style."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from stoker.evaluate.report.facts import ReportFacts
from stoker.evaluate.report.write import write_report
from stoker.evaluate.score import evaluate
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
const page = %s, found = {}, widths = [320, 360, 768, 1200];
let waiting = widths.length;
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  frame.onload = () => {
    const root = frame.contentDocument.documentElement;
    const boxes = [...root.querySelectorAll("table.matrix")].map((one) => one.parentElement);
    const cut = Math.max(0, ...boxes.map((box) => box.scrollWidth - box.clientWidth));
    found[width] = [root.scrollWidth, cut];
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
    found = measured(outer, profile)
    for width, (scroll_width, cut) in found.items():
        assert scroll_width <= int(width), (width, scroll_width)
        assert cut <= 1 or int(width) < 1200, (width, cut)


def measured(outer: Path, profile: Path) -> dict[str, tuple[int, int]]:
    """By width: how wide the page is, and how much of a confusion matrix is cut off."""
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
        task="classify",
        target="label",
        evaluations={"model": evaluate(output_NK, target_N, task, seed=0, resamples=0)},
    )
    page = write_report(tmp_path, facts).read_text("utf-8")
    outer = tmp_path / "measure.html"
    outer.write_text(MEASURE % json.dumps(page).replace("</", "<\\/"), encoding="utf-8")
    for width, (scroll_width, cut) in measured(outer, tmp_path / "profile").items():
        assert scroll_width <= int(width), (width, scroll_width)
        assert cut <= 1 or int(width) < 1200, (width, cut)
