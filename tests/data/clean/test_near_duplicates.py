# ruff: noqa: RUF001 - signs of several widths are the cases
"""Near-duplicates: which texts are one, which row stays, and that order changes nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.data.clean._alike import pair_similarity_P, sets_of
from stoker.data.clean._shingles import shingles
from stoker.data.clean.exact_duplicates import ExactDuplicates
from stoker.data.clean.near_duplicates import NearDuplicates
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.engine.table_file import read_table
from stoker.report.collect.reject_facts import by_kind
from stoker.tasks.classify import Classify
from stoker.tasks.regress import Regress

Make = Callable[..., Dataset]
Clean = Callable[..., tuple[list[int], list[dict]]]

BASE = (
    "the quick brown fox jumps over the lazy dog while seven wizards quietly watch from a hill and "
    "nobody says a word until the sun goes down behind the old mill near the river bend"
)
NEAR = BASE.replace("seven", "eight")
OTHER = (
    "an entirely different report about the price of copper in three ports, written by somebody "
    "who never saw a fox, a dog, a wizard, a hill or a mill and who does not want to see one"
)
ZH = "这本书的内容非常好，孩子很喜欢，每天晚上都要我读给他听，印刷和纸张的质量也不错，值得推荐。"
ZH_NEAR = ZH.replace("晚上", "早上")
ZH_OTHER = "酒店的位置很方便，离地铁站只有五分钟，房间不大但是很干净，服务员的态度也很热情。"
TH = "หนังสือเล่มนี้ดีมากและลูกของฉันชอบอ่านทุกคืนก่อนนอนกระดาษและภาพสวยงามมากแนะนำให้ซื้อ"


@pytest.fixture(scope="module")
def clean(new_folder: Callable[[], Path]) -> Clean:
    """Ids that stay, and the rejects."""

    def run(dataset: Dataset, **options: object) -> tuple[list[int], list[dict]]:
        folder = new_folder()
        clean_rows([NearDuplicates.model_validate(options)], dataset, folder)
        kept = read_table(folder / "rows.parquet")["_row"].to_pylist()
        return kept, read_table(folder / "rejects.parquet").to_pylist()

    return run


def words(text: str) -> list[str]:
    """Words of plain English, as a reader would count them."""
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


def jaccard(first: str, second: str, size: int = 3) -> float:
    """The definition, on sets of tuples."""
    one, two = (
        {tuple(w[i : i + size]) for i in range(max(1, len(w) - size + 1))} if w else set()
        for w in (words(first), words(second))
    )
    return len(one & two) / len(one | two) if one and two else 0.0


def brute_sets(texts: Sequence[str], similarity: float) -> set[frozenset[int]]:
    """Connected parts of the graph of all pairs."""
    sets = [{i} for i in range(len(texts))]
    for i, j in combinations(range(len(texts)), 2):
        if sets[i] is not sets[j] and jaccard(texts[i], texts[j]) >= similarity:
            sets[i] |= sets[j]
            for member in sets[j]:
                sets[member] = sets[i]
    return {frozenset(one) for one in sets}


def test_a_changed_word_is_the_same_text(make_dataset: Make, clean: Clean) -> None:
    kept, rejects = clean(make_dataset({"text": [BASE, OTHER, NEAR, None, ""]}))
    assert kept == [0, 1, 3, 4]
    said = f"{int(1000 * jaccard(BASE, NEAR)) / 1000:.3g}"
    assert rejects[0]["reason"] == f"is nearly the same text as rows.csv:1 (similarity {said})"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (BASE, BASE.upper()),
        (BASE, f"  {BASE.replace(' ', chr(10))}!\t"),
        ("Café über naïve façade déjà vu, élan", "Cafe\u0301 u\u0308ber NAÏVE façade déjà vu élan"),
        ("number １２ of the ＡＢＣ list is here", "number 12 of the abc list is here"),
        ("soft\u00adhyphen and zero\u200bwidth in words", "softhyphen and zerowidth in words"),
        (ZH, ZH.replace("，", ", ")),
        ("カタカナとひらがなと漢字", "ｶﾀｶﾅ と ひらがな と 漢字"),
        ("한국어 문장 하나", "한국어 문장 하나"),
    ],
)
def test_how_a_text_is_written_makes_no_difference(
    make_dataset: Make, clean: Clean, first: str, second: str
) -> None:
    kept, rejects = clean(make_dataset({"text": [first, second]}), columns=["text"], similarity=1)
    assert kept == [0]
    assert rejects[0]["reason"].endswith("(similarity 1)")


@pytest.mark.parametrize(
    ("text", "near"),
    [(ZH, ZH_NEAR), (TH, TH.replace("ทุกคืน", "ทุกวัน")), (f"{BASE} {ZH}", f"{NEAR} {ZH}")],
    ids=["chinese", "thai", "both"],
)
def test_scripts_without_blanks_are_compared_by_signs(
    make_dataset: Make, clean: Clean, text: str, near: str
) -> None:
    assert clean(make_dataset({"text": [ZH_OTHER, text, near, OTHER]}))[0] == [0, 1, 3]


def test_numbers_make_a_difference(make_dataset: Make, clean: Clean) -> None:
    texts = [f"order {number} was sent on day {number + 3}" for number in range(20)]
    assert len(clean(make_dataset({"text": texts}))[0]) == 20


def test_what_has_no_word_is_like_nothing(make_dataset: Make, clean: Clean) -> None:
    texts = ["", "", " ", " \n", "!!!", "!!!", "。。。", None, None, "\u200b", "☺", "☺", "a", "b"]
    kept, _ = clean(make_dataset({"text": texts}), columns=["text"])
    assert kept == list(range(len(texts)))


def test_short_texts_are_one_only_if_their_words_are(make_dataset: Make, clean: Clean) -> None:
    texts = ["good", "Good!", "good good", "not good", "good book", "好", "好。", "不好", "好好"]
    assert clean(make_dataset({"text": texts}), columns=["text"])[0] == [0, 2, 3, 4, 5, 7, 8]


def test_a_row_of_a_published_part_stays(make_dataset: Make, clean: Clean) -> None:
    parts = [None, "train", "validation", "test", None]
    dataset = make_dataset({"text": [BASE, NEAR, BASE, NEAR, OTHER]}, parts=parts)
    kept, rejects = clean(dataset)
    assert kept == [3, 4]
    assert all("rows.csv:4" in record["reason"] for record in rejects)


def test_a_chain_of_likes_is_one_set(make_dataset: Make, clean: Clean) -> None:
    one = BASE.split()
    chain = [
        " ".join([*one[: -3 * k or None], *(f"new{k}{i}" for i in range(3 * k))]) for k in range(3)
    ]
    chain[2] = " ".join([*chain[1].split()[3:], "x", "y", "z"])
    assert jaccard(chain[0], chain[1]) >= 0.8 <= jaccard(chain[1], chain[2])
    assert jaccard(chain[0], chain[2]) < 0.8
    kept, rejects = clean(make_dataset({"text": chain}))
    assert kept == [0]
    assert rejects[1]["reason"].startswith("is nearly the same text as rows.csv:1 (similarity 0.")
    assert rejects[1]["reason"].endswith(" by way of others)")


def test_contradicting_labels_are_rejected_or_one_of_each_stays(
    make_dataset: Make, clean: Clean, new_folder: Callable[[], Path]
) -> None:
    columns = {"text": [BASE, NEAR, OTHER, OTHER, BASE], "label": ["a", "b", "a", "a", "a"]}
    dataset = make_dataset(columns)
    assert clean(dataset)[0] == [0, 2]
    assert clean(dataset, label="label", conflicts="keep")[0] == [0, 1, 2]
    kept, rejects = clean(dataset, label="label")
    assert kept == [2]
    assert [record["found"] for record in rejects] == ["a", "b", None, "a"]
    assert rejects[0]["reason"].startswith("is nearly the same text as rows.csv:2 (similarity 0.")
    assert rejects[0]["reason"].endswith(") but it is labelled a here")
    folder = new_folder()
    info = clean_rows([NearDuplicates(label="label")], dataset, folder)
    assert info["flows"][0]["notes"] == {
        "columns": ["text"],
        "duplicates": 1,
        "conflicts": 3,
        "texts": 5,
        "similarity": 0.8,
    }
    assert {fact.reason for fact in by_kind(read_table(folder / "rejects.parquet"))} == {
        "is nearly the text of another row with another label",
        "is nearly the same text as rows.csv:3 (similarity 1)",
    }


def test_the_target_is_the_label_where_it_is_a_class(make_dataset: Make) -> None:
    dataset = make_dataset({"text": [BASE], "mood": ["good"]})
    assert NearDuplicates().knowing("mood", Classify(), dataset).label == "mood"
    assert NearDuplicates().knowing("mood", Regress(), dataset).label is None
    assert NearDuplicates(label="text").knowing("mood", Classify(), dataset).label == "text"
    assert ExactDuplicates().knowing("mood", Classify(), dataset).label is None


def test_columns_of_texts_are_found(make_dataset: Make, clean: Clean) -> None:
    size = 4
    columns = {
        "url": [f"https://example.org/a/very/long/path/{i}" for i in range(size)],
        "city": ["Berlin"] * size,
        "title": ["a title", "a title", "another title", "a title"],
        "body": [BASE, NEAR, OTHER, None],
        "评论": [ZH, ZH, ZH_OTHER, None],
        "price": list(range(size)),
    }
    dataset = make_dataset(columns)
    folder = dataset.folder.parent
    info = clean_rows([NearDuplicates()], dataset, _new(folder))
    assert info["flows"][0]["notes"]["columns"] == ["body", "评论"]
    assert info["rejected"] == 1
    assert clean(dataset, columns=["title"])[0] == [0, 2]
    with pytest.raises(RecipeError, match="'price' holds int64 and no text"):
        clean(dataset, columns=["price"])
    with pytest.raises(RecipeError, match="no column 'boddy'"):
        clean(dataset, columns=["boddy"])


def _new(folder: Path) -> Path:
    made = folder / f"cleaned-{random.getrandbits(64)}"
    made.mkdir()
    return made


def test_no_column_of_texts_is_said(make_dataset: Make, clean: Clean) -> None:
    dataset = make_dataset({"city": ["Berlin", "Berlin"], "x": [1, 2]})
    with events.recording() as lines:
        assert clean(dataset)[0] == [0, 1]
    assert any("finds no column of texts" in line.text for line in lines)


SMALL = st.lists(st.sampled_from("abcdef"), max_size=9).map(" ".join)
LEAST = st.sampled_from([0.5, 0.6, 0.75, 0.8, 0.9, 1.0])


@given(st.lists(SMALL, min_size=1, max_size=14), LEAST)
def test_sets_of_candidates_are_those_of_all_pairs(texts: list[str], similarity: float) -> None:
    given = [text for text in texts if text]
    found = shingles(pa.array(given, pa.string()), 3)
    set_K = sets_of(found, np.zeros((len(given), 1), np.int64), similarity)
    sets = {frozenset(np.flatnonzero(set_K == number).tolist()) for number in set_K.tolist()}
    assert sets == brute_sets(given, similarity)
    pairs = list(combinations(range(len(given)), 2))
    one_P, other_P = np.array(pairs, np.int64).reshape(-1, 2).T
    similarity_P = pair_similarity_P(found, one_P, other_P)
    assert similarity_P.tolist() == [jaccard(given[i], given[j]) for i, j in pairs]


@settings(deadline=None, max_examples=15)
@given(st.lists(SMALL, min_size=1, max_size=14), LEAST, st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_set_and_no_row_goes_wrongly(
    make_dataset: Make,
    clean: Clean,
    texts: list[str],
    similarity: float,
    shuffle: random.Random,
) -> None:
    order = list(range(len(texts)))
    shuffle.shuffle(order)
    options = {"columns": ["text"], "similarity": similarity}
    kept, rejects = clean(make_dataset({"text": texts}), **options)
    moved, _ = clean(make_dataset({"text": [texts[i] for i in order]}), **options)
    set_of = {i: one for one in brute_sets(texts, similarity) for i in one}
    assert {min(one) for one in set_of.values()} <= set(kept)
    assert len(moved) == len(kept)
    for record in rejects:
        other = int(record["reason"].partition(":")[2].partition(" ")[0]) - 1
        assert other in kept
        assert record["_row"] in set_of[other]


def real_texts() -> list[str]:
    """Paragraphs of the documentation that comes with Python."""
    return [
        paragraph
        for text in topics.values()
        for paragraph in text.split("\n\n")
        if len(words(paragraph)) >= 20
    ]


def changed(text: str, share: float, draw: random.Random) -> str:
    """The text with some of its words replaced."""
    some = words(text)
    for place in draw.sample(range(len(some)), max(1, round(share * len(some)))):
        some[place] = f"new{draw.randrange(1000)}"
    return " ".join(some)


def test_nearly_all_likes_are_found_and_nothing_else(
    make_dataset: Make, new_folder: Callable
) -> None:
    draw = random.Random(0)
    texts = list(dict.fromkeys(real_texts()))
    copies = [(i, changed(texts[i], 0.012, draw)) for i in range(len(texts))]
    near = [(i, copy) for i, copy in copies if jaccard(texts[i], copy) >= 0.9]
    assert len(near) > 200
    dataset = make_dataset({"text": [*texts, *(copy for _, copy in near)]})
    folder = new_folder()
    clean_rows([NearDuplicates()], dataset, folder)
    rejects = read_table(folder / "rejects.parquet").to_pylist()
    gone = {record["_row"] for record in rejects}
    recall = sum(len(texts) + k in gone for k in range(len(near))) / len(near)
    assert recall >= 0.99
    every = [*texts, *(copy for _, copy in near)]
    others = [int(one["reason"].partition(":")[2].partition(" ")[0]) - 1 for one in rejects]
    right = sum(
        jaccard(every[one["_row"]], every[other]) >= 0.8 or "way of others" in one["reason"]
        for one, other in zip(rejects, others, strict=True)
    )
    assert right >= 0.99 * len(rejects)


def test_texts_that_are_read_twice_have_the_same_sets(
    make_dataset: Make, clean: Clean, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dataset({"text": [BASE, None, OTHER, NEAR, ZH, "", ZH_NEAR, BASE]})
    once = clean(dataset)
    monkeypatch.setattr("stoker.data.clean.near_duplicates._MOST_KEPT", 10)
    assert clean(dataset) == once
    assert once[0] == [0, 1, 2, 4, 5]


def test_a_word_of_megabytes_and_many_copies_are_done_at_once(
    make_dataset: Make, clean: Clean
) -> None:
    texts = ["x" * 10_000_000, "x" * 10_000_000, f"{'x' * 9_999_999}y", *[BASE] * 3_000]
    started = time.process_time()
    kept, _ = clean(make_dataset({"text": texts}), columns=["text"])
    assert kept == [0, 2, 3]
    assert time.process_time() - started < 20
