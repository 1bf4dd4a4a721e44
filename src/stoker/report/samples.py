"""Commands and code that use a bundle, to be copied from a report and run as they stand.

They work on the user's own table, which has columns beside the inputs: `stoker predict` leaves them
out, Python is told to, and a request carries a row of usual values in JSON, because the server
refuses what it does not know.
"""

from __future__ import annotations

import json
import shlex

from stoker.core.own_code import import_options
from stoker.data.option_text import set_options, source_option
from stoker.report.facts import ReportFacts

_ADDRESS = "http://127.0.0.1:8080/predict"


def commands(facts: ReportFacts) -> dict[str, str]:
    """Exact commands for using the bundle: by the model's name if the run registered it.

    Args:
        facts: Of the run; `example`, `table` and `read_options` say what rows look like.

    Returns:
        `predict`, `serve`, `request` and `rejects` for a shell, and `python`.
    """
    bundle = shlex.quote(facts.name if facts.registered else facts.bundle or "BUNDLE")
    anywhere = f" --home {shlex.quote(facts.home)}" if facts.home else ""
    home = anywhere if facts.registered else ""
    options = source_option(facts.own_source) + set_options(facts.read_options)
    own = import_options(facts.imports)
    source = "photos/" if _only_pictures(facts) else f"rows{facts.table}{options}"
    return {
        "predict": f"stoker predict {bundle} {source} -o answers.csv{own}{home}",
        "serve": f"stoker serve {bundle}{import_options(facts.serve_imports)}{home}",
        "request": _request(facts),
        "python": _python(facts),
        "rejects": f"stoker rejects {facts.run} -o rejects.csv{anywhere}",
    }


def _only_pictures(facts: ReportFacts) -> bool:
    return list(facts.inputs.values()) == ["image"]


def _request(facts: ReportFacts) -> str:
    if _only_pictures(facts):
        return f"curl --data-binary @photo.png -H 'Content-Type: image/png' {_ADDRESS}"
    row = shlex.quote(json.dumps(facts.example, ensure_ascii=False))
    return f"curl --data {row} -H 'Content-Type: application/json' {_ADDRESS}"


def _python(facts: ReportFacts) -> str:
    bundle = repr(facts.bundle or "BUNDLE")
    own = "".join(f"import {name}\n" for name in facts.imports)
    if "image" in facts.inputs.values():
        cells = ", ".join(f"{name!r}: {_cell_code(facts, name)}" for name in facts.inputs)
        return (
            f"from pathlib import Path\n\n{own}import stoker\n\n"
            f"predictor = stoker.load({bundle})\n"
            f"answers = predictor.predict([{{{cells}}}])\n"
            "print(answers.table.to_pylist())"
        )
    code = facts.python_code
    library = f"import {code.partition('.')[0]}\n" if code else ""
    return (
        f"{library}{own}import stoker\n\n"
        f"predictor = stoker.load({bundle})\n"
        f"rows = {code or [facts.example]}  # or pandas, Polars, Arrow, a list of dicts\n"
        "answers = predictor.predict(rows)\n"
        "print(answers.to_pandas())"
    )


def _cell_code(facts: ReportFacts, name: str) -> str:
    is_image = facts.inputs[name] == "image"
    return 'Path("photo.png").read_bytes()' if is_image else repr(facts.example.get(name))
