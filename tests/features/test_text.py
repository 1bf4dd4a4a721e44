"""Short texts: words and runs of letters, chosen without a target, counted alike everywhere."""

from __future__ import annotations

from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.cells.grams import KINDS, gram_hashes, grams, plain_texts
from stoker.core.errors import ArtifactError, DataError
from stoker.features.text import FittedText, Text

REMARKS = ["Refund please", "refunds, PLEASE!", "where is my parcel", "parcel lost", "thanks"] * 20


def fit(cells: list, **options: object) -> FittedText:
    return Text.model_validate(options).fit(pa.chunked_array([pa.array(cells, pa.string())]))


def parts(fitted: FittedText, *cells: str | None) -> dict[str, list[float]]:
    values = fitted.transform(pa.array(cells, pa.string())).values
    return dict(zip(fitted.part_names, values.T.tolist(), strict=True))


def named(text: str, kind: str) -> set[str]:
    found = grams(plain_texts(pa.array([text])))
    return {found.text(i) for i in np.flatnonzero(found.kind_G == KINDS.index(kind))}  # pyrefly: ignore


def test_grams_are_words_pairs_and_letters_inside_words() -> None:
    assert named("Not GOOD, ok", "word") == {"not", "good", "ok"}
    assert named("Not GOOD, ok", "pair") == {"not good", "good ok"}
    assert named("ab", "letters") == {" ab", "ab "}
    assert named("abcd", "letters") == {
        " ab", "abc", "bcd", "cd ", " abc", "abcd", "bcd ", " abcd", "abcd ",
    }  # fmt: skip
    assert named("a", "letters") == set()


def test_signs_of_scripts_without_blanks_count_one_by_one_and_in_pairs() -> None:
    assert named("退货ok慢", "signs") == {"退", "货", "退货", "慢"}
    assert named("退货ok慢", "word") == {"ok"}
    assert named("\N{FULLWIDTH LATIN CAPITAL LETTER A}b", "word") == {"ab"}


@pytest.mark.parametrize("text", ["schön", "scho\u0308n", "한국어", "résumé", "Việt"])
def test_a_letter_with_a_mark_is_one_letter_of_its_word(text: str) -> None:
    found = grams(plain_texts(pa.array([text])))
    words = [found.text(i) for i in range(len(found.kind_G)) if KINDS[found.kind_G[i]] == "word"]
    assert words == [normalize("NFC", text).lower()]


def test_grams_never_cross_texts() -> None:
    together = grams(["ab", "cd", "", "退", "货"])
    found = [(together.row_G[i], together.text(i)) for i in range(len(together.hash_G))]
    alone = [
        (row, single.text(i))
        for row, text in enumerate(["ab", "cd", "", "退", "货"])
        for single in (grams([text]),)
        for i in range(len(single.hash_G))
    ]
    assert sorted(found) == sorted(alone)
    assert together.num_words_N.tolist() == [1, 1, 0, 1, 1]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_numbers_of_grams_do_not_depend_on_neighbours(texts: list[str]) -> None:
    plain = plain_texts(pa.array(texts, pa.string()))
    together = grams(plain)
    for row, text in enumerate(plain):
        alone = grams([text])
        assert sorted(together.hash_G[together.row_G == row].tolist()) == sorted(
            alone.hash_G.tolist()
        )
    names = {
        (int(kind), together.text(i)): int(number)
        for i, (number, kind) in enumerate(zip(together.hash_G, together.kind_G, strict=True))
        if KINDS[kind] != "pair"  # two words are a pair whatever signs stand between
    }
    assert len(set(names.values())) == len(names)


def test_a_gram_alone_has_the_number_that_it_has_in_a_text() -> None:
    wanted = [("word", "good"), ("letters", " go"), ("letters", "od "), ("pair", "good ok")]
    found = grams(plain_texts(pa.array(["Good, ok"])))
    for (kind, text), number in zip(wanted, gram_hashes(wanted).tolist(), strict=True):  # pyrefly: ignore
        at = found.hash_G.tolist().index(number)
        assert (KINDS[found.kind_G[at]], found.text(at)) == (kind, text)
    with pytest.raises(ArtifactError):
        gram_hashes([("word", "two words")])


def test_texts_become_length_words_and_counts() -> None:
    fitted = fit(REMARKS)
    assert fitted.part_names[:2] == ("length", "words")
    assert not fitted.had_missing
    found = parts(fitted, "Where is my REFUND", "bonjour")
    assert found["length"] == pytest.approx(np.log1p([18, 7]).tolist())
    assert found["words"] == pytest.approx(np.log1p([4, 1]).tolist())
    known = {name for name, (value, _) in found.items() if value} - {"length", "words"}
    assert any("ref" in name for name in known)
    assert all(found[name][1] == 0 for name in known)


def test_grams_of_the_same_texts_are_one() -> None:
    held = fit(REMARKS).transform(pa.array(REMARKS)).values[:, 2:] > 0
    assert len({tuple(column) for column in held.T.tolist()}) == held.shape[1] > 3
    assert len(fit(REMARKS, num_grams=2).grams) == 2
    assert fit(REMARKS, num_grams=0).shape == (2,)


def test_few_rows_have_few_grams() -> None:
    many = [" ".join(f"w{(i * k) % 90}x" for k in (1, 3, 7)) for i in range(1000)]
    assert 90 < len(fit(many).grams) <= 100
    assert len(fit(many[:300]).grams) <= 30
    assert len(fit(["a b c"]).grams) == 0


def test_missing_cells_are_told_by_a_part_of_their_own() -> None:
    fitted = fit([*REMARKS, None, " ", "NA"])
    assert fitted.part_names[:3] == ("length", "words", "missing")
    found = parts(fitted, None, "n/a", "thanks")
    assert found["missing"] == [1, 1, 0]
    values = fitted.transform(pa.array([None, ""], pa.string())).values
    assert values.sum() == 2


def test_rows_beyond_a_block_are_counted_too() -> None:
    fitted = fit(REMARKS)
    many = fitted.transform(pa.array(REMARKS * 100)).values
    np.testing.assert_array_equal(many[-100:], many[:100])
    np.testing.assert_array_equal(many[:100], fitted.transform(pa.array(REMARKS)).values)


def test_a_long_text_is_cut() -> None:
    fitted = fit(REMARKS)
    long = parts(fitted, "x " * 5_000 + "parcel")
    assert long["length"] == pytest.approx([np.log1p(10_006)])
    assert not any(value for name, (value,) in long.items() if "arc" in name)


def test_networks_get_counts_with_one_deviation() -> None:
    fitted = fit(REMARKS)
    values = fitted.transform(pa.array(REMARKS)).values
    assert len(fitted.scales) == values.shape[1]
    plain, counts = fitted.scales[:2], fitted.scales[2:]
    np.testing.assert_allclose([scale.mean for scale in plain], values[:, :2].mean(0), rtol=1e-5)
    assert {scale.mean for scale in counts} == {0.0}
    (spread,) = {scale.std for scale in counts}
    assert spread == pytest.approx(np.sqrt((values[:, 2:].std(0) ** 2).mean()), rel=1e-5)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(DataError, match="type int64, not text"):
        Text().fit(pa.chunked_array([pa.array([1])]))
    assert "is a int64" in fit(REMARKS).transform(pa.array([1])).bad[0].reason
