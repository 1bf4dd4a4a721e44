"""The benchmark pages, made from `benchmarks/results/*.json`.

`docs/benchmarks.md` gets each target beside what was measured and whether it was met, then every
row of every file, with date, machine and versions beside it.  The READMEs get the most telling
targets between two marks, and how many of all were met.
"""

from __future__ import annotations

import itertools
import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent.parent.parent / "benchmarks" / "results"
START, END = "<!-- benchmarks: generated -->", "<!-- benchmarks: end -->"
Row = dict[str, Any]
Answer = tuple[str, bool] | None
"""What was measured and whether the target was met; None where the peer was not run."""


class Target(NamedTuple):
    """One line of the table of targets."""

    what: str
    wished: str
    file: str
    read: Callable[[list[Row]], Answer]
    is_telling: bool = False
    """Whether the READMEs show it."""


def row_of(rows: list[Row], **wanted: str) -> Row:
    """The first row with these values; empty if there is none.

    >>> row_of([{"who": "a", "x": 1}, {"who": "b", "x": 2}], who="b")
    {'who': 'b', 'x': 2}
    """
    return next((r for r in rows if all(r.get(k) == v for k, v in wanted.items())), {})


def times_faster(at_least: float, **wanted: str) -> Callable[[list[Row]], Answer]:
    """Reads how many times ours a peer takes."""

    def read(rows: list[Row]) -> Answer:
        row = row_of(rows, **wanted)
        times = row.get("times_ours")
        if times is not None:
            return f"{times:.2f}x", times >= at_least
        ours = row.get("versions", {}).get("stoker")
        return None if ours is None else (f"ours {ours['cpu_s']:.0f} s, not run there", False)

    return read


def at_most(limit: float, key: str, unit: str, **wanted: str) -> Callable[[list[Row]], Answer]:
    """Reads a figure that should be small."""

    def read(rows: list[Row]) -> Answer:
        same = [r for r in rows if all(r.get(k) == v for k, v in wanted.items())]
        found = [r[key] for r in same if r.get(key) is not None]
        return (f"{max(found):.3g}{unit}", max(found) <= limit) if found else None

    return read


def at_least(least: float, key: str, **wanted: str) -> Callable[[list[Row]], Answer]:
    """Reads a share that should be large."""

    def read(rows: list[Row]) -> Answer:
        share = row_of(rows, **wanted).get(key)
        return None if share is None else (f"{share:.3g}", share >= least)

    return read


def held(low: float, high: float, **wanted: str) -> Callable[[list[Row]], Answer]:
    """Reads a share that should be neither too small nor too large."""

    def read(rows: list[Row]) -> Answer:
        share = row_of(rows, **wanted).get("held")
        return None if share is None else (f"{share:g} %", low <= share <= high)

    return read


def hand_written(rows: list[Row]) -> Answer:
    """Ours as a multiple of the hand-written loop's time."""
    times = row_of(rows, who="hand_written").get("times_ours")
    return None if times is None else (f"{1 / times:.2f}x", 1 / times <= 1.3)


def goal(rows: list[Row]) -> Answer:
    """Accuracy, and the time as a share of the tutorial's ten epochs."""
    row = next((r for r in rows if "test_accuracy_median" in r), None)
    if row is None or row["times_ours"] is None:
        return None
    accuracy, times = row["test_accuracy_median"], row["times_ours"]
    said = f"{accuracy:.2%} in {row['train_s_median']:.3g} s, 1/{times:.3g} of the tutorial's time"
    return said, accuracy >= 0.986 and times >= 10


def run_of(
    example: str, score: float, wall_s: float, peak_mb: float | None = None
) -> Callable[[list[Row]], Answer]:
    """Score, wall time and memory of a whole command."""

    def read(rows: list[Row]) -> Answer:
        row = row_of(rows, example=example)
        if not row:
            return None
        good = row["median"] >= score and row["wall_s"] <= wall_s
        good &= peak_mb is None or row["peak_mb"] <= peak_mb
        interval = f"{row['median']:.4f} ({row['low']:.4f} to {row['high']:.4f})"
        return f"{interval} in {row['wall_s']:.0f} s, peak {row['peak_mb'] / 1000:.2f} GB", good

    return read


def ahead_of(peer: str, at_least: int) -> Callable[[list[Row]], Answer]:
    """On how many tables stoker ranks before a peer."""

    def read(rows: list[Row]) -> Answer:
        ranks = [r["rank"] for r in rows if peer in r.get("rank", ())]
        ahead = sum(rank["stoker"] < rank[peer] for rank in ranks)
        return (f"{ahead} of {len(ranks)}", ahead >= at_least) if ranks else None

    return read


def median_rank(rows: list[Row]) -> Answer:
    """The median rank of stoker among all tools."""
    ranks = [r["rank"]["stoker"] for r in rows if len(r.get("rank", ())) > 1]
    return (f"{statistics.median(ranks):g}", statistics.median(ranks) <= 1) if ranks else None


def nowhere_worse(rows: list[Row]) -> Answer:
    """Tables on which the best peer is clearly ahead."""
    names = [r["table"] for r in rows if r.get("high", 0) < 0]
    found = [r for r in rows if "high" in r]
    said = f"worse on {len(names)} of {len(found)}" + f" ({', '.join(names)})" * bool(names)
    return (said, not names) if found else None


def cpu_share(peer: str, at_most_share: float) -> Callable[[list[Row]], Answer]:
    """Median share of a peer's CPU time that a whole run takes."""

    def read(rows: list[Row]) -> Answer:
        both = [r["tools"] for r in rows if peer in r.get("tools", ())]
        shares = [tools["stoker"]["cpu_s"] / tools[peer]["cpu_s"] for tools in both]
        middle = statistics.median(shares) if shares else 0
        return (f"{middle:.2f} of it", middle <= at_most_share) if shares else None

    return read


def peak_of_small(limit_mb: float, most_rows: int) -> Callable[[list[Row]], Answer]:
    """The largest peak of memory on tables of at most so many rows."""

    def read(rows: list[Row]) -> Answer:
        small = [r for r in rows if r.get("train_rows", most_rows + 1) <= most_rows]
        peaks = [r["tools"]["stoker"]["peak_mb"] for r in small if "stoker" in r["tools"]]
        return (f"{max(peaks):.0f} MB", max(peaks) <= limit_mb) if peaks else None

    return read


def beside_features(pictures: str) -> Callable[[list[Row]], Answer]:
    """Three scores of a set of pictures, next to those of a linear model that chose its penalty."""

    def read(rows: list[Row]) -> Answer:
        ours = row_of(rows, set=pictures, tool="stoker")
        theirs = row_of(rows, set=pictures, tool="features + LR")
        if not ours or "C" not in theirs:
            return None
        shown = (
            f"{row['accuracy']:.4f} / {row['log_loss']:.4f} / {row['ece']:.4f}"
            for row in (ours, theirs)
        )
        good = ours["accuracy"] >= theirs["accuracy"] and ours["log_loss"] <= theirs["log_loss"]
        return " : ".join(shown), good and ours["ece"] <= 0.04

    return read


TARGETS = (
    Target(
        "16 real tables, equal rows and seconds: ahead of AutoGluon `medium_quality`",
        "on at least 12",
        "tables",
        ahead_of("autogluon", 12),
        is_telling=True,
    ),
    Target(
        "the same: median rank among the tools that were run",
        "1",
        "tables",
        median_rank,
    ),
    Target(
        "the same: clearly worse than the best of them (95 % interval)",
        "nowhere",
        "tables",
        nowhere_worse,
        is_telling=True,
    ),
    Target(
        "the same: CPU time of the whole run, file to report, next to AutoGluon's fit",
        "at most a fifth",
        "tables",
        cpu_share("autogluon", 0.2),
    ),
    Target(
        "the same: peak memory, tables of at most 50,000 rows",
        "at most 300 MB",
        "tables",
        peak_of_small(300, 50_000),
    ),
    Target(
        "300 rows of 6,000 columns, file to report, CPU: stoker 0.1.0",
        "at least 4x ours",
        "sizes",
        times_faster(4, table="wide"),
    ),
    Target(
        "1,000,000 rows of 40 columns, the same",
        "at least 4x ours",
        "sizes",
        times_faster(4, table="long"),
    ),
    Target(
        "the same: peak memory, as a multiple of the CSV file",
        "at most 2x",
        "sizes",
        at_most(2, "peak_of_file", "x", table="long"),
    ),
    Target(
        "a served row of a table, JSON in, 32 clients, CPU: stoker 0.1.0",
        "at least 1x ours",
        "rows",
        times_faster(1, model="default", server="stoker 0.1.0"),
    ),
    Target(
        "sets of texts that are nearly the same, 40 MB, CPU: datasketch",
        "at least 5x ours",
        "near_duplicates",
        times_faster(5, what="40 MB", who="datasketch"),
    ),
    Target(
        "the same: datatrove",
        "at least 2x ours",
        "near_duplicates",
        times_faster(2, what="40 MB", who="datatrove"),
    ),
    Target(
        "the same: pairs at a similarity of 0.9 that are found",
        "at least 0.99",
        "near_duplicates",
        at_least(0.99, "recall", what="160 MB", who="stoker"),
    ),
    Target(
        "the same: rows that go which are like another",
        "at least 0.99",
        "near_duplicates",
        at_least(0.99, "precision", what="160 MB", who="stoker"),
    ),
    Target(
        "the same: four times the text",
        "at most 4.4x the time",
        "near_duplicates",
        at_most(4.4, "times_of_a_quarter", "x"),
    ),
    Target(
        "95 % intervals of all metrics that hold the score of 10,000 unseen rows",
        "93 to 97 %",
        "intervals",
        held(93, 97, table="all tables", metric="all"),
        is_telling=True,
    ),
    Target(
        "MNIST 784-500-10, batch 64, an epoch: tutorial script (PIL, DataLoader)",
        "at least 8x ours",
        "train",
        times_faster(8, who="tutorial"),
    ),
    Target(
        "the same: Lightning's Trainer on tensors in memory",
        "at least 3x ours",
        "train",
        times_faster(3, who="lightning"),
    ),
    Target(
        "the same: JAX, the epoch one compiled scan",
        "at least 1x ours",
        "train",
        times_faster(1, who="jax_scan"),
    ),
    Target(
        "the same: ours next to forward and backward written by hand",
        "at most 1.3x its time",
        "train",
        hand_written,
    ),
    Target(
        "the same net to 98.60 % (median of 5 seeds), training time",
        "reached, in 1/10 of the tutorial's 10 epochs",
        "train",
        goal,
    ),
    Target("the same as a whole command", "at most 20 s", "runs", run_of("mnist-mlp", 0.986, 20)),
    Target(
        "MNIST, `preset: good`, raw files to report",
        "at least 0.993 in at most 5 minutes",
        "runs",
        run_of("mnist", 0.993, 300),
    ),
    Target(
        "emoji, `good`: accuracy / log loss / ECE next to frozen features + logistic regression",
        "accuracy at least, log loss at most theirs; ECE at most 0.04",
        "pictures",
        beside_features("emoji"),
    ),
    Target(
        "2,000 digits of MNIST, the same",
        "accuracy at least, log loss at most theirs; ECE at most 0.04",
        "pictures",
        beside_features("digits"),
    ),
    Target(
        "census (199,523 rows), `preset: good`, ROC-AUC, raw files to report",
        "at least 0.955 in at most 3 minutes and 1.5 GB",
        "runs",
        run_of("census", 0.955, 180, 1500),
        is_telling=True,
    ),
    Target(
        "checkpoints, share of training time",
        "at most 0.03",
        "runs",
        at_most(0.03, "checkpoint_share", ""),
    ),
    Target(
        "batch loader next to a bare gather of the memory map, CPU",
        "at most 1.2x",
        "loader",
        at_most(1.2, "ratio", "x", who="stoker"),
    ),
    Target(
        "`stoker --help`, CPU",
        "at most 0.2 s",
        "startup",
        at_most(0.2, "cpu_s", " s", what="stoker --help"),
    ),
    Target(
        "`import stoker`, CPU",
        "at most 0.2 s",
        "startup",
        at_most(0.2, "cpu_s", " s", what="import stoker"),
    ),
    Target(
        "a served small CNN, PNG in, 32 clients, CPU a request",
        "at most 1.5 ms",
        "serve",
        at_most(1.5, "cpu_ms", " ms", server="stoker"),
        is_telling=True,
    ),
    Target(
        "the same: FastAPI + torch, as it comes",
        "at least 3x ours",
        "serve",
        times_faster(3, server="fastapi + torch, default threads"),
    ),
    Target(
        "the same: FastAPI + torch held to one thread",
        "at least 3x ours",
        "serve",
        times_faster(3, server="fastapi + torch, 1 thread"),
    ),
    Target(
        "the same: LitServe + onnxruntime, batched",
        "at least 3x ours",
        "serve",
        times_faster(3, server="litserve + onnxruntime"),
    ),
    Target(
        "small wrong changes in five rooms that a test notices",
        "at least 0.85",
        "mutation",
        at_least(0.85, "score", room="all"),
    ),
)


def fill(readme: Path, words: Callable[[str], str] = str) -> str:
    """The README with a fresh table between its marks, in the language that `words` gives."""
    text = readme.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    assert pattern.search(text), f"{readme} has no benchmark marks"
    fresh = f"{START}\n{targets(words, telling=True)}\n{END}"
    return pattern.sub(lambda _: fresh, text)


def targets(words: Callable[[str], str], *, telling: bool = False) -> str:
    """Targets beside what was measured: all, or the telling ones and how many of all were met."""
    head = [words(name) for name in ("what", "target", "measured", "verdict")]
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|"]
    num_met = 0
    for target in TARGETS:
        path = RESULTS / f"{target.file}.json"
        answer = target.read(load(path)["rows"]) if path.is_file() else None
        measured, met = answer or (words("not run"), False)
        num_met += met
        verdict = words("met") if met else f"**{words('missed')}**"
        if target.is_telling or not telling:
            said = (words(target.what), words(target.wished), measured, verdict)
            lines.append(f"| {' | '.join(said)} |")
    machines = {circumstances(load(file), versions=False) for file in RESULTS.glob("*.json")}
    count = f"{words('targets met')}: {num_met} / {len(TARGETS)}"
    return "\n".join(
        [*lines, "", f"<sub>{count if telling else '; '.join(sorted(machines))}</sub>"]
    )


def page() -> str:
    """All rows of all files."""
    head = (
        "# Benchmarks\n\n"
        "Made by `make bench` from `benchmarks/results/*.json`; every benchmark tells its method\n"
        "in its first lines. Peers take turns with stoker in one run, so ratios hold where\n"
        "seconds do not. Why targets were missed, and what was tried, stands in the\n"
        "[log](log.md).\n\n"
    )
    head += f"## Targets\n\n{targets(str)}\n\n"
    files = sorted(RESULTS.glob("*.json"))
    return head + "\n\n".join(table(load(file), file.stem) for file in files) + "\n"


def table(result: dict[str, Any], stem: str) -> str:
    """One result file, rows with the same columns together, with its circumstances below."""
    rows = [flat(row) for row in result["rows"]]
    parts = [f"## {stem}\n\n{caption(stem)}"]
    for columns, same in itertools.groupby(rows, key=tuple):
        lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
        lines += [f"| {' | '.join(show(row[name]) for name in columns)} |" for row in same]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, f"<sub>{circumstances(result)}</sub>"])


def circumstances(result: dict[str, Any], *, versions: bool = True) -> str:
    """When, on what, and with what."""
    machine = result["machine"]
    said = f"{result['date']}, {machine['processor']}, {machine['cores']} cores"
    said += ", AVX-512" if machine["avx512"] else ""
    names = [f"{name} {number}" for name, number in result["versions"].items()]
    load_1min = f"load {machine['load_1min']} at the end"
    return ", ".join([said, load_1min, *names]) if versions else said


def load(file: Path) -> dict[str, Any]:
    """A result file."""
    return json.loads(file.read_text(encoding="utf-8"))


def caption(stem: str) -> str:
    """The first line of the benchmark's own file."""
    with (RESULTS.parent / f"bench_{stem}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"')


def flat(row: Row) -> Row:
    """The plain values of a row; lists and mappings stay in the file."""
    return {name: value for name, value in row.items() if not isinstance(value, list | dict)}


def show(value: Any) -> str:
    """A value as the table shows it."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
