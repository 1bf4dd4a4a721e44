"""Classify: classes, answers in the labels' own type, and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
import torch

from stoker.core import events
from stoker.core.errors import DataError
from stoker.tasks.classify import Classify, FittedClassify


def fit(*labels: object) -> FittedClassify:
    return Classify().fit(pa.chunked_array([pa.array(labels)]))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("labels", "classes", "kind"),
    [
        (["dog", "cat", "dog"], ("dog", "cat"), "text"),
        (["dog", "cat", "dog", "cow"], ("cat", "cow", "dog"), "text"),
        (["10", "9", "10"], ("9", "10"), "text"),
        ([10, 9, -1], ("-1", "9", "10"), "integer"),
        ([10.0, 9.0, None], ("9", "10"), "integer"),
        ([True, False], ("false", "true"), "bool"),
        (["007", "7"], ("007", "7"), "text"),
        (["狗", "猫"], ("狗", "猫"), "text"),
    ],
)
def test_classes_have_an_order_and_answers_have_the_labels_type(
    labels: list, classes: tuple, kind: str
) -> None:
    fitted = fit(*labels)
    assert (fitted.classes, fitted.kind) == (classes, kind)
    column = pa.array(labels)
    codes = fitted.encode(column).values
    answers = fitted.decode(np.eye(len(classes), dtype=np.float32)[codes] * 9)
    given = [label for label in labels if label is not None]
    assert answers["prediction"].to_pylist()[: len(given)] == given


def test_of_two_classes_the_sought_one_stands_second() -> None:
    column = pa.chunked_array([pa.array(["阳性"] * 3 + ["阴性"] * 97)])
    assert Classify().fit(column).classes == ("阴性", "阳性"), "the rarer one"
    assert Classify(positive="阴性").fit(column).classes == ("阳性", "阴性"), "the named one"
    bits = pa.chunked_array([pa.array([1, 1, 1, 0])])
    assert Classify().fit(bits).classes == ("0", "1"), "the greater number"
    assert Classify.model_validate({"positive": 0}).fit(bits).classes == ("1", "0")
    flags = pa.chunked_array([pa.array([True, True, False])])
    assert Classify().fit(flags).classes == ("false", "true")
    assert Classify.model_validate({"positive": False}).fit(flags).classes == ("true", "false")


@pytest.mark.parametrize(
    ("others", "why"), [(3, "the rarer one"), (2, "one of two equally common ones")]
)
def test_why_a_class_is_the_positive_one_is_said(others: int, why: str) -> None:
    told: list[str] = []

    class Told(events.Silent):
        def message(self, text: str) -> None:
            told.append(text)

    with events.listening(Told()):
        fitted = fit(*["阴性"] * others, *["阳性"] * 2)
    assert f"the positive class is {fitted.classes[1]!r}, {why}; " in told[0]


def test_a_positive_class_that_is_none_of_two_is_refused() -> None:
    column = pa.chunked_array([pa.array(["a", "b"])])
    with pytest.raises(DataError, match="'c' cannot be the positive class"):
        Classify(positive="c").fit(column)
    with pytest.raises(DataError, match="one of two classes"):
        Classify(positive="a").fit(pa.chunked_array([pa.array(["a", "b", "c"])]))


def test_an_unseen_label_is_a_bad_cell_that_names_the_known_ones() -> None:
    done = fit("a", "b").encode(pa.array(["b", "c"]))
    assert [bad.index for bad in done.bad] == [1]
    assert "knows 'a', 'b'" in done.bad[0].reason


def test_a_fraction_is_a_label_like_others() -> None:
    assert "never saw" in fit(1, 2).encode(pa.array([1.5])).bad[0].reason
    stars = fit(0.5, 1.0, 1.5)
    assert stars.classes == ("0.5", "1", "1.5")
    assert stars.decode(np.array([[0.0, 0, 9]]))["prediction"].to_pylist() == [1.5]
    assert stars.output_schema()["properties"]["prediction"]["type"] == "number"


@pytest.mark.parametrize(
    ("train", "asked"),
    [
        (["True", "False"], [True, False]),
        ([True, False], ["TRUE", "false"]),
        (["1.0", "0.0"], [1, 0]),
        ([1, 0], ["1.0", "0"]),
    ],
)
def test_a_label_is_known_in_every_spelling(train: list, asked: list) -> None:
    fitted = fit(*train)
    done = fitted.encode(pa.array(asked))
    assert not done.bad
    assert done.values.tolist() == fitted.encode(pa.array(train)).values.tolist() == [1, 0]


def test_whole_numbers_with_and_without_a_zero_behind_are_one_class() -> None:
    """A table with gaps writes `1.0` where one without writes `1`."""
    with events.recording(aloud=False) as lines:
        fitted = Classify().fit(pa.chunked_array([["1", "1.0", "0", "0.0", "01"] * 9]))
    assert fitted.classes == ("0", "01", "1")
    assert fitted.counts == (18, 9, 18)
    assert fitted.encode(pa.array(["1.0", "0.0", "01"])).values.tolist() == [2, 0, 1]
    assert lines[0].text.startswith("labels '1' (18) and '01' (9) are two classes; write one")


def test_codes_with_fractions_keep_their_zeros() -> None:
    fitted = Classify().fit(pa.chunked_array([["250", "250.0", "250.83"] * 9]))
    assert fitted.classes == ("250", "250.0", "250.83")


def test_words_for_yes_and_no_are_two_classes_where_the_recipe_says_so() -> None:
    words = ["Yes", "yes", "Y", "1", "No", "no", "N", "0.0"] * 9
    fitted = Classify(boolean=True).fit(pa.chunked_array([words]))
    assert fitted.classes == ("false", "true")
    assert fitted.counts == (36, 36)
    found = fitted.encode(pa.array(["ja", "NEIN", "TRUE", "perhaps", None]))
    assert found.values[:3].tolist() == [1, 0, 1]
    assert [(cell.index, cell.found) for cell in found.bad] == [(3, "perhaps"), (4, "")]
    assert fitted.decode(np.array([[0.0, 3.0]])).column("prediction").to_pylist() == [True]
    sought = Classify(boolean=True, positive="no").fit(pa.chunked_array([words]))
    assert sought.classes == ("true", "false")


def test_labels_stay_as_training_spelled_them() -> None:
    assert fit("True", "False").classes == ("False", "True")
    assert fit("10.0", "9.0").classes == ("9.0", "10.0")


def test_whole_numbers_beyond_64_bits_are_labels_with_all_their_digits() -> None:
    large = [Decimal("12345678901234567891"), Decimal("12345678901234567892")]
    fitted = fit(*large)
    assert fitted.labels.to_pylist() == [str(label) for label in large]
    assert not fitted.encode(pa.array(large)).bad


def test_a_type_without_labels_is_named() -> None:
    with pytest.raises(DataError, match="type binary, which holds no labels"):
        Classify().fit(pa.chunked_array([pa.array([b"a", b"b"])]))


def test_rare_classes_are_warned_of() -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        fit("a", "a", "b")
        fit(*map(str, range(50)))
    assert "'b'" in lines[0]
    assert "identifier" in lines[1]


def test_one_class_is_named_in_the_error() -> None:
    with pytest.raises(DataError, match="all 3 are 'a'"):
        fit("a", "a", "a", None)


def test_probabilities_sum_to_one_and_confidence_is_the_largest() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 30
    logits[0] = [1e30, -1e30, 0]
    answers = fit("a", "b", "c").decode(logits)
    shares = np.array(answers["probabilities"].to_pylist(), np.float32)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(answers["confidence"].to_numpy(), shares.max(axis=1))
    expected = torch.softmax(torch.from_numpy(logits), 1).numpy()
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    assert answers.schema.field("probabilities").type == pa.list_(pa.float32(), 3)


def test_many_numbers_as_labels_suggest_regress() -> None:
    fitted = Classify().fit(pa.chunked_array([[str(n) for n in range(40)] * 2]))
    assert "say regress" in fitted.encode(pa.array(["206"])).bad[0].reason
    few = Classify().fit(pa.chunked_array([["1", "2"] * 2]))
    assert "regress" not in few.encode(pa.array(["206"])).bad[0].reason


def test_labels_that_look_the_same_are_named() -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        fitted = fit(*["是", " 是 ", "否", "Yes", "yes", "Y\u200bes"] * 2)
    assert sorted(fitted.classes) == sorted({"是", "否", "Yes", "yes", "Y\u200bes"})
    assert "'Yes' (2) and 'yes' (2)" in lines[0]
    assert "'Yes' (2) and 'Y\\u200bes' (2)" in lines[1]
    assert "' 是 ' has blanks around it and is taken for '是'" in lines[2]
    assert len(lines) == 3


def test_labels_in_other_case_are_one_class_where_the_recipe_says_so() -> None:
    cells = ["Ja", "ja", "Ja", "nein", "NEIN", "nein "]
    with events.recording() as lines:
        assert len(Classify().fit(pa.chunked_array([cells])).classes) == 4
    assert any("say classify: {fold: true} if they mean" in line.text for line in lines)
    with events.recording() as lines:
        task = Classify(fold=True, positive="JA").fit(pa.chunked_array([cells]))
    assert not [line for line in lines if "differ" in line.text]
    assert (task.classes, task.counts) == (("nein", "Ja"), (3, 3))
    again = FittedClassify.model_validate_json(task.model_dump_json())
    done = again.encode(pa.array(["jA", " Nein", "vielleicht"]))
    assert done.values.tolist() == [1, 0, 0]
    assert [bad.index for bad in done.bad] == [2]
