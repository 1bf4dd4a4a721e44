"""Which version of a model is `champion`, the one that `stoker serve NAME` answers with.

A new version takes over unless its main score lies below the interval of the champion's: a run with
a worse recipe, tried out in the same home, must not reach the server unseen.  Nor does one that is
clearly worse than its own baseline, or than the answer that looks at no input.  Scores of different
test rows are compared as they are; whoever changed the data decides with `stoker models alias`.
Scores of another question (a class more or less, another target or unit) are not compared: the new
version takes over, because the recipe now asks that.  Either way it is said.

Both on the same rows are compared in the report (`version_before`), which decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.core import events
from stoker.evaluate.evaluation import Evaluation
from stoker.store.catalog import Catalog
from stoker.store.catalog.versions import CHAMPION, ModelRecord


def champion_of(catalog: Catalog, name: str) -> ModelRecord | None:
    """The version of a model that its name alone means now; None if there is none."""
    return next((one for one in catalog.models(name) if CHAMPION in one.aliases), None)


def promote(
    catalog: Catalog,
    name: str,
    version: int,
    *,
    higher_is_better: bool,
    against: str | None = None,
    unlike: str | None = None,
) -> str:
    """Make a version the champion, unless the present one is better.

    Args:
        catalog: Where versions and aliases are.
        name: Name of the model.
        version: The version that a run just registered.
        higher_is_better: Whether its first metric, the main one, is better when it is higher.
        against: Why it must not be the champion, whatever the present one is; see `worse_than`.
        unlike: Why no score of the present one compares; see `version_before`.

    Returns:
        How to call the version: its model's name if it is the champion, else `NAME@VERSION`.
    """
    new = next(model for model in catalog.models(name) if model.version == version)
    now = champion_of(catalog, name)
    if against is not None:
        events.warning(
            f"version {version} of {name} is registered, but not as champion: {against}; "
            f"`stoker models alias {name} champion {version}` changes that"
        )
        return f"{name}@{version}"
    if now is None or now.version == version:
        catalog.set_alias(name, CHAMPION, version)
        return name
    if unlike is not None:
        catalog.set_alias(name, CHAMPION, version)
        events.warning(
            f"champion of {name}: version {now.version} → {version}, which could not be compared "
            f"with it: {unlike}; `stoker models alias {name} champion {now.version}` "
            "takes that back"
        )
        return name
    compared = _compared(now, new)
    if _is_worse(now.metrics, new.metrics, higher_is_better):
        events.warning(
            f"version {version} of {name} is registered, but version {now.version} stays champion: "
            f"{compared}; `stoker models alias {name} champion {version}` changes that"
        )
        return f"{name}@{version}"
    catalog.set_alias(name, CHAMPION, version)
    events.message(f"champion of {name}: version {now.version} → {version} ({compared})")
    return name


def worse_than(evaluation: Evaluation) -> str | None:
    """What the model is clearly worse than by its main score: its baseline, or the constant answer.

    Returns:
        A reason in words; None where it is not known to be worse than either.
    """
    compared = {
        "its baseline": evaluation.comparison,
        "always the same answer": evaluation.over_constant,
    }
    title = evaluation.metrics[evaluation.headline].title
    for other, comparison in compared.items():
        gap = None if comparison is None else comparison.metrics.get(evaluation.headline)
        if gap is not None and gap.verdict == "worse":
            return f"its {title} is clearly worse than that of {other}"
    return None


def _main(metrics: Mapping[str, Any]) -> str | None:
    """The name of the main metric, which stands first."""
    return next(iter(metrics), None)


def _compared(now: ModelRecord, new: ModelRecord) -> str:
    name = _main(new.metrics)
    if name is None or name not in now.metrics:
        return "scored by different metrics"
    return f"{name} {now.metrics[name]['value']:.4g} → {new.metrics[name]['value']:.4g}"


def _is_worse(now: Mapping[str, Any], new: Mapping[str, Any], higher_is_better: bool) -> bool:
    """Whether the main score is out of the champion's interval on the bad side.

    >>> old = {"accuracy": {"value": 0.9, "low": 0.88, "high": 0.92}}
    >>> [_is_worse(old, {"accuracy": {"value": x}}, True) for x in (0.87, 0.89, 0.95)]
    [True, False, False]
    """
    name = _main(new)
    if name is None or name not in now:
        return False
    value, champion = new[name]["value"], now[name]
    if higher_is_better:
        edge = champion.get("low")
        return value < (champion["value"] if edge is None else edge)
    edge = champion.get("high")
    return value > (champion["value"] if edge is None else edge)
