"""One table in every form in which people keep it: init, check and run agree about each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stoker.cli.app import root
from stoker.pipeline.run import check, run
from stoker.store.store import Store
from tests.data.acquire.workbooks import write_workbook

ROWS = [{"size": number / 4 + 0.1, "kind": "ab"[number % 2]} for number in range(40)]


def text(delimiter: str = ",", before: str = "", *, numbered: bool = False) -> bytes:
    lines = [delimiter.join(["", "size", "kind"][not numbered :])]
    for number, row in enumerate(ROWS):
        cells = [str(number), str(row["size"]), str(row["kind"])]
        lines.append(delimiter.join(cells[not numbered :]))
    return (before + "\n".join(lines) + "\n").encode()


def records(before: str = "") -> bytes:
    return (before + "".join(json.dumps(row) + "\n" for row in ROWS)).encode()


def parquet(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS).append_column("tags", [[["x"]] * len(ROWS)])
    pq.write_table(table, path)


def workbook(path: Path) -> None:
    write_workbook(path, {"s": [["size", "kind"], *[list(row.values()) for row in ROWS]]})


def hive(path: Path) -> None:
    for number in (1, 2):
        (path / f"part={number}").mkdir(parents=True)
        (path / f"part={number}" / "a.jsonl").write_bytes(records())


def link(path: Path) -> None:
    path.with_name("real.csv").write_bytes(text())
    path.symlink_to("real.csv")


DEEP = '{"size": ' + "[" * 200_000 + "]" * 200_000 + ', "kind": "a"}\n'
FORMS: dict[str, bytes | Callable[[Path], None]] = {
    "plain.csv": text(),
    "pandas.csv": text(numbered=True),
    "excel.csv": text(";", "sep=;\n"),
    "packed.csv.gz": gzip.compress(text()),
    "tabs.tsv": text("\t"),
    "packed.tsv.gz": gzip.compress(text("\t")),
    "lines.jsonl": records(),
    "packed.jsonl.gz": gzip.compress(records()),
    "deep.jsonl": records(DEEP),
    "typed.parquet": parquet,
    "book.xlsx": workbook,
    "hive": hive,
    "link.csv": link,
}


@pytest.mark.parametrize("name", FORMS)
def test_init_check_and_run_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content = FORMS[name]
    if isinstance(content, bytes):
        Path(name).write_bytes(content)
    else:
        content(Path(name))
    done = CliRunner().invoke(root, ["init", "table", name, "--target", "kind"], prog_name="stoker")
    assert done.exit_code == 0, done.exception
    recipe, home = Path("recipe.yaml"), tmp_path / "home"
    overrides = ["data.max_rejects=0.03"]
    assert check(recipe, home=home, overrides=overrides).to_do
    run(recipe, home=home, until="split", overrides=overrides)
    (acquired,) = [one for one in Store(home).manifests() if one.kind == "acquire"]
    assert acquired.summary["rows_out"] == len(ROWS) * (2 if name == "hive" else 1)
    assert {"size", "kind"} <= set(acquired.summary["columns"])
    assert acquired.summary["rejected"] == (name == "deep.jsonl")
