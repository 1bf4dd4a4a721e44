"""The table of columns says what stands in each, what became of it, and why."""

from __future__ import annotations

from stoker.data.profile.choice import Choice
from stoker.data.profile.column import ColumnProfile, Histogram, NumberFacts, PartFacts, Profile
from stoker.report.card import render_card
from stoker.report.columns import column_rows
from stoker.report.facts import DataFacts, ReportFacts
from tests.report.test_page import page_of

NUMBERS = NumberFacts(
    cells=90,
    distinct=40,
    low=18,
    high=65,
    mean=40,
    std=9,
    quantiles={"0.5": 40},
    is_whole=True,
    histogram=Histogram(edges=(18, 41.5, 65), counts=(30, 60)),
)


def facts() -> ReportFacts:
    age = ColumnProfile(
        name="age",
        declared="int64",
        stored="int64",
        rows=100,
        missing=10,
        distinct=40,
        numbers=NUMBERS,
        parts={
            "train": PartFacts(rows=60, missing=6),
            "test": PartFacts(rows=40, missing=4, difference=0.34),
        },
    )
    town = ColumnProfile(
        name="town",
        declared="string",
        stored="string",
        rows=100,
        missing=0,
        distinct=2,
        frequent=(("<上海>", 70), ("北京", 30)),
    )
    choices = (
        Choice(
            column="age",
            kind="number",
            feature={"number": {}},
            why="90 cells are numbers",
            change="age: category",
        ),
        Choice(
            column="town",
            kind="constant",
            feature=None,
            why="it looks like a name",
            change="town: category",
        ),
    )
    return ReportFacts(
        name="x",
        predicts="the number",
        target="wage",
        inputs={"age": "number"},
        profile=Profile(rows=100, columns=(age, town)),
        choices=choices,
        data=DataFacts(columns={"age": "int64", "town": "string", "wage": "double"}),
    )


def test_every_column_has_its_reason() -> None:
    age, town, wage = column_rows(facts())
    assert (age["used"], age["why"], age["missing"]) == (
        "number",
        "90 cells are numbers",
        "10\N{NO-BREAK SPACE}%",
    )
    assert age["shows"] == "18 to 65"
    assert age["different"] == "test: 34\N{NO-BREAK SPACE}%"
    assert (town["used"], town["why"]) == ("not used", "it looks like a name")
    assert town["shows"] == "<上海> (70), 北京 (30)"
    assert wage["used"] == "target"


def test_a_recipe_that_names_its_inputs_is_the_reason() -> None:
    named = facts().model_copy(update={"inputs": {"town": "category"}})
    age, town, _ = column_rows(named)
    assert (age["used"], age["why"]) == ("not used", "it is not named under inputs")
    assert (town["used"], town["why"]) == ("category", "the recipe names it")


def test_the_page_shows_them_and_runs_nothing() -> None:
    page = page_of(facts())
    assert "it looks like a name to change it: town: category" in page.text
    assert "differs in test: 34 %" in page.text
    assert "<上海> (70)" in page.text
    assert sum(attrs.get("class") == "spark" for tag, attrs in page.tags if tag == "svg") == 2


def test_the_card_names_unused_columns_with_the_reason() -> None:
    card = render_card(facts())
    assert "- `town`: it looks like a name" in card
    assert "- `age`" not in card
    assert "- `wage`" not in card
    unnamed = render_card(facts().model_copy(update={"inputs": {"town": "category"}}))
    assert "- `age`: it is not named under inputs" in unnamed
    assert "not used" not in render_card(facts().model_copy(update={"choices": ()}))
