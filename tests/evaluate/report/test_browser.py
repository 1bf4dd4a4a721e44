"""A real browser shows the page without scrolling sideways and without a refused style."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stoker.evaluate.report.facts import ReportFacts
from stoker.evaluate.report.write import write_report

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
const page = %s, found = {}, widths = [320, 375, 768, 1200];
let waiting = widths.length;
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  frame.onload = () => {
    const root = frame.contentDocument.documentElement;
    found[width] = root.scrollWidth;
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
    done = subprocess.run(  # a browser that the system has, on our own file
        [BROWSER, *FLAGS, f"--user-data-dir={profile}", outer.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    match = re.search(r'<div id="out">(.*?)</div>', done.stdout)
    assert match, done.stderr[-2000:]
    found = json.loads(html.unescape(match[1]))
    for width, scroll_width in found.items():
        assert scroll_width <= int(width), (width, scroll_width)
    assert "Content Security Policy" not in done.stderr
