"""`stoker predict`: every row is answered or rejected with its place, whatever the form."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from stoker.bundle.predictor import load
from stoker.cli.app import root
from stoker.cli.predictions import tell_threshold
from stoker.cli.progress import Lines
from stoker.core import events
from stoker.core.errors import ArtifactError, DataError, RecipeError
from stoker.data.acquire.images import Images
from stoker.data.media import MediaWriter
from stoker.data.reading import Reading
from stoker.data.rejects import Rejects
from stoker.features import FittedFeature
from stoker.features.boolean import FittedBoolean
from stoker.features.category import FittedCategory
from stoker.features.number import FittedNumber
from stoker.features.timestamp import FittedTimestamp
from tests.cli.conftest import AGE, write_sign_bundle
from tests.data.acquire.workbooks import write_workbook


def predict(*arguments: object) -> Result:
    """The verb in this process."""
    return CliRunner().invoke(root, ["predict", *map(str, arguments)], prog_name="stoker")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_to_csv_keeps_columns_order_and_rejects(age_bundle: Path, tmp_path: Path) -> None:
    source = tmp_path / "输入.csv"
    source.write_text("姓名,年龄\n=甲,20\n乙,abc\n丙,70\n丁\n戊,51\n", encoding="utf-8")
    done = predict(age_bundle, source, "-o", tmp_path / "out.csv")
    assert done.exit_code == 1
    rows = read_csv(tmp_path / "out.csv")
    assert [(row["姓名"], row["年龄"], row["prediction"]) for row in rows] == [
        ("'=甲", "20", "低"),
        ("丙", "70", "高"),
        ("戊", "51", "高"),
    ]
    rejects = read_csv(tmp_path / "out.rejects.csv")
    assert {(row["line"], row["column"], row["found"]) for row in rejects} == {
        ("3", "年龄", "abc"),
        ("5", "", "丁"),
    }
    assert "3 of 5 rows answered" in done.stderr
    assert "2 of 5 rows rejected" in done.stderr


def test_rows_are_counted_and_not_reasons(tmp_path: Path) -> None:
    inputs: dict[str, FittedFeature] = {"年龄": AGE, "x": AGE}
    bundle = write_sign_bundle(tmp_path / "bundle", inputs, 0)
    lines = ["年龄,x", "20,1", "a,b", "c,2", "3", "d,e", "30,1", "40,1"]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = predict(bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert "3 of 7 rows answered" in done.stderr
    assert "4 of 7 rows rejected, with 6 reasons" in done.stderr
    assert len(read_csv(tmp_path / "out.csv")) == 3
    assert len(read_csv(tmp_path / "out.rejects.csv")) == 6


FORMS = ["csv", "csv.gz", "TSV.gz", "tsv", "jsonl", "jsonl.gz", "parquet", "xlsx", "link.csv"]


@pytest.mark.parametrize("ending", FORMS)
def test_every_form_gives_the_same_answers(age_bundle: Path, tmp_path: Path, ending: str) -> None:
    rows = pa.table({"年龄": [10.0, 60.0, 90.0], "n": [1, 2, 3]})
    cells = rows.to_pylist()
    source = tmp_path / f"in.{ending}"
    if ending == "parquet":
        pq.write_table(rows, source)
    elif ending == "xlsx":
        write_workbook(source, {"s": [list(cells[0]), *(list(cell.values()) for cell in cells)]})
    elif ending == "link.csv":
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere/rows.csv").write_text("年龄,n\n10,1\n60,2\n90,3\n", encoding="utf-8")
        source.symlink_to("elsewhere/rows.csv")
    else:
        mark = "\t" if "tsv" in ending.lower() else ","
        text = "\n".join(
            mark.join(map(str, row)) for row in [list(cells[0]), *(c.values() for c in cells)]
        )
        if "jsonl" in ending:
            text = "\n".join(map(json.dumps, cells))
        content = f"{text}\n".encode()
        source.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    done = predict(age_bundle, source, "-o", tmp_path / "out.jsonl")
    assert done.exit_code == 0, done.output
    answers = [
        json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    ]
    assert [answer["prediction"] for answer in answers] == ["低", "高", "高"]
    assert not (tmp_path / "out.rejects.jsonl").exists()


@pytest.mark.parametrize("model", ["age_bundle", "image_bundle"])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_no_rows_in_are_no_rows_out(
    model: str, ending: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "in.csv").write_text("年龄,image\n", encoding="utf-8")
    output = tmp_path / f"out.{ending}"
    done = predict(request.getfixturevalue(model), tmp_path / "in.csv", "-o", output)
    assert done.exit_code == 0, done.output
    assert "0 rows answered" in done.stderr
    if ending == "parquet":
        assert pq.read_table(output).num_rows == 0
    else:
        assert ("prediction" in output.read_text("utf-8")) == (ending == "csv")


def test_a_table_of_a_header_keeps_its_columns(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("编号,年龄,姓名\n", encoding="utf-8")
    done = predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    (header,) = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert header.startswith("编号,年龄,姓名,prediction,")
    (tmp_path / "in.csv").write_text("编号,姓名\n", encoding="utf-8")
    done = predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert isinstance(done.exception, DataError), "a column is missing, with rows or without"


def test_a_folder_that_is_made_for_the_answers_is_told(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄\n20\n", encoding="utf-8")
    asked = (age_bundle, tmp_path / "in.csv", "-o", tmp_path / "new" / "deep" / "out.csv")
    assert f"out.csv; the folder {tmp_path / 'new'} is new" in predict(*asked).stderr
    assert "is new" not in predict(*asked).stderr


def test_columns_that_are_not_used_are_named_once(age_bundle: Path, tmp_path: Path) -> None:
    rows = ["姓名,年龄,label,id", *[f"甲,{number % 90},低,{number}" for number in range(30_000)]]
    (tmp_path / "in.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("does not use the columns '姓名', 'id'") == 1
    assert "label" not in done.stderr
    (tmp_path / "in.csv").write_text("年龄,label\n20,低\n", encoding="utf-8")
    assert (
        "does not use"
        not in predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "o.csv").stderr
    )


def test_columns_that_are_not_used_can_be_refused(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,年龄,label\n1,20,低\n", encoding="utf-8")
    asked = (age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    refused = predict(*asked, "--extra", "refuse")
    assert isinstance(refused.exception, DataError)
    assert "'id'" in str(refused.exception)
    assert not (tmp_path / "out.csv").exists()
    assert predict(*asked).exit_code == 0
    (tmp_path / "in.csv").write_text("年令\n20\n", encoding="utf-8")
    misspelt = predict(*asked)
    assert isinstance(misspelt.exception, DataError)
    assert "年龄" in str(misspelt.exception)
    assert "年令" in str(misspelt.exception)


@pytest.mark.parametrize("how", ["same", "link", "hard link", "linked folder", "rejects"])
def test_the_input_is_never_written_over(age_bundle: Path, tmp_path: Path, how: str) -> None:
    source = tmp_path / ("out.rejects.csv" if how == "rejects" else "in.csv")
    source.write_text("年龄\n20\n70\n", encoding="utf-8")
    before = source.read_bytes()
    output = source if how == "same" else tmp_path / "out.csv"
    if how == "link":
        output.symlink_to(source)
    elif how == "hard link":
        output.hardlink_to(source)
    elif how == "linked folder":
        (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
        output = tmp_path / "folder" / "in.csv"
    done = predict(age_bundle, source, "-o", output)
    assert isinstance(done.exception, DataError)
    assert "is the input" in str(done.exception)
    assert source.read_bytes() == before


def test_a_failed_call_leaves_the_old_answers(age_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    for text, is_sound in (("年龄\n20\n", True), ("alter\n20\n", False), ("年龄\n70\n", True)):
        before = out.read_bytes() if out.exists() else b""
        (tmp_path / "in.csv").write_text(text, encoding="utf-8")
        done = predict(age_bundle, tmp_path / "in.csv", "-o", out)
        assert (done.exit_code == 0) == is_sound
        assert (out.read_bytes() == before) == (not is_sound)
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_cells_of_any_kind_are_repeated(age_bundle: Path, tmp_path: Path, ending: str) -> None:
    rows = {
        "年龄": pa.array([20.0, 70.0]),
        "moment": pa.array([1, None], pa.timestamp("ns", "Asia/Shanghai")),
        "late": pa.array([10**6, -(10**6)], pa.date32()),
        "raw": pa.array([b"\xff\0", b""]),
        "share": pa.array([float("nan"), float("inf")]),
        "price": pa.array([Decimal("1.50"), None]),
        "text": pa.array(["a", None]).dictionary_encode(),
    }
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    done = predict(age_bundle, tmp_path / "in.parquet", "-o", tmp_path / f"out.{ending}")
    assert done.exit_code == 0, (done.output, done.exception)
    if ending == "parquet":
        assert pq.read_table(tmp_path / "out.parquet")["moment"].equals(
            pa.chunked_array([rows["moment"]])
        )
        return
    text = (tmp_path / f"out.{ending}").read_text("utf-8")
    for cell in (
        "1970-01-01 08:00:00.000000001+0800",
        "4707-11-29",
        "2 bytes that begin ff00",
        "1.50",
    ):
        assert cell in text


def test_probabilities_are_columns_by_label(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄\n50\n", encoding="utf-8")
    asked = (age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert predict(*asked).exit_code == 0
    (row,) = read_csv(tmp_path / "out.csv")
    assert (row["probability_低"], row["probability_高"]) == ("0.5", "0.5")
    assert predict(*asked, "--no-probabilities").exit_code == 0
    assert list(read_csv(tmp_path / "out.csv")[0]) == ["年龄", "prediction", "confidence"]


def test_answers_are_answered_again_and_no_column_is_lost(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄,prediction\n20,雨\n70,晴\n", encoding="utf-8")
    for source, output in (("in.csv", "one.csv"), ("one.csv", "two.csv")):
        done = predict(age_bundle, tmp_path / source, "-o", tmp_path / output)
        assert done.exit_code == 0, done.output
    assert "own column 'prediction' is called 'prediction_input_input' beside" in done.stderr
    rows = read_csv(tmp_path / "two.csv")
    assert [row["prediction_input"] for row in rows] == ["雨", "晴"]
    for row in rows:
        assert row["prediction_input_input"] == row["prediction"]
        assert row["probability_高_input"] == row["probability_高"]


def test_a_row_has_one_answer_in_every_file_whatever_its_types(tmp_path: Path) -> None:
    common = {"mean": 5, "std": 1, "low": 0, "high": 99, "had_missing": False, "raw": True}
    inputs: dict[str, FittedFeature] = {
        "nps": FittedNumber(**common),
        "fee": FittedNumber(**common, decimal=",", thousands=".", unit="€"),
        "tier": FittedCategory(vocabulary=("1", "2"), counts=(2, 1), had_missing=False),
        "vip": FittedBoolean(num_true=1, num_false=1, had_missing=False),
    }
    bundle = write_sign_bundle(tmp_path / "bundle", inputs, 20)
    texts = [
        {"nps": "8", "fee": "1.000,50 €", "tier": "2", "vip": "True"},
        {"nps": "8", "fee": "-7,25 €", "tier": "1", "vip": "False"},
        {"nps": "9.5", "fee": "11", "tier": "2", "vip": "True"},
    ]
    values = [
        {"nps": 8, "fee": 1000.5, "tier": 2, "vip": True},
        {"nps": "8", "fee": -7.25, "tier": 1, "vip": False},
        {"nps": 9.5, "fee": 11, "tier": "2", "vip": "true"},
    ]
    with (tmp_path / "text.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, texts[0])
        writer.writeheader()
        writer.writerows(texts)
    for name, rows in (("text.jsonl", texts), ("mixed.jsonl", values)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    pq.write_table(pa.Table.from_pylist(texts), tmp_path / "text.parquet")
    found = {}
    for name in ("text.csv", "text.jsonl", "mixed.jsonl", "text.parquet"):
        done = predict(bundle, tmp_path / name, "-o", tmp_path / "out.parquet")
        assert done.exit_code == 0, (name, done.output)
        found[name] = pq.read_table(tmp_path / "out.parquet")["probability_高"].to_pylist()
    answers = load(bundle).predict_proba(texts)[:, 1].tolist()
    assert found == dict.fromkeys(found, answers)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
def test_a_category_that_looks_like_no_value_stays_one(tmp_path: Path, ending: str) -> None:
    """A model of typed data knows the country NA; a file of text must not take it away."""
    country = FittedCategory(vocabulary=("US", "NA", "?"), counts=(3, 2, 1), had_missing=True)
    bundle = write_sign_bundle(tmp_path / "bundle", {"country": country}, 1.5)
    cells = ["US", "NA", "?", ""]
    source = tmp_path / f"in.{ending}"
    if ending == "xlsx":
        write_workbook(source, {"s": [["country", "n"], *([cell, 1] for cell in cells)]})
    elif ending == "csv":
        source.write_text("country,n\n" + "".join(f"{cell},1\n" for cell in cells))
    else:
        source.write_text("".join(json.dumps({"country": cell}) + "\n" for cell in cells))
    done = predict(bundle, source, "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert "taken as missing" not in done.stderr
    rows = read_csv(tmp_path / "out.csv")
    assert [row["prediction"] for row in rows] == ["低", "高", "高", "低"]
    assert [row["country"] for row in rows] == cells


def test_columns_of_answers_are_read_back_as_they_were(tmp_path: Path) -> None:
    fee = FittedNumber(
        decimal=",", unit="€", mean=0, std=1, low=-9, high=9, had_missing=False, raw=True
    )
    kind = FittedCategory(vocabulary=("=hi", "'=hi", "-x"), counts=(3, 2, 1), had_missing=False)
    bundle = write_sign_bundle(tmp_path / "bundle", {"fee": fee, "=kind": kind}, 0)
    text = 'fee,=kind\n"-5,00 €",=hi\n"+3,50 €",\'\'=hi\n-7 €,-x\n'
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    for source, output in (("in.csv", "one.csv"), ("one.csv", "two.csv")):
        done = predict(bundle, tmp_path / source, "-o", tmp_path / output)
        assert done.exit_code == 0, done.output
        assert "never saw" not in done.stderr
    one, two = (read_csv(tmp_path / name) for name in ("one.csv", "two.csv"))
    assert [row["fee"] for row in one] == ["-5,00 €", "+3,50 €", "-7 €"], "numbers need no guard"
    assert [row["'=kind"] for row in one] == ["'=hi", "''=hi", "'-x"]
    for row, again in zip(one, two, strict=True):
        assert row.items() <= again.items(), "neither a value nor an answer moved"


def test_another_threshold_moves_answers_and_no_probability(
    age_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("年龄\n20\n50\n70\n", encoding="utf-8")
    asked = (age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    found = []
    for more in ([], ["--threshold", "0.999"], ["--threshold", "0.01"]):
        assert predict(*asked, *more).exit_code == 0
        found.append(read_csv(tmp_path / "out.csv"))
    answers = [[row["prediction"] for row in rows] for rows in found]
    assert answers[0][0] == "低"
    assert answers[1][1:] == ["低", "低"]
    assert answers[2][1:] == ["高", "高"]
    assert len({tuple(row["probability_高"] for row in rows) for rows in found}) == 1
    assert isinstance(predict(*asked, "--threshold", "1.5").exception, RecipeError)
    said = "the model answers '高' from a probability of 0.01 on (by --threshold)"
    assert said in predict(*asked, "--threshold", "0.01").stderr
    assert "the model answers" not in predict(*asked).stderr


@pytest.mark.parametrize(
    ("own", "of_servers", "said"),
    [
        (None, None, ""),
        (0.3, None, "the model answers '高' from a probability of 0.3 on (by the best F1)"),
        (0.3, 0.3, "the model answers '高' from a probability of 0.3 on (by the best F1)"),
        (
            None,
            0.2,
            "the model answers the more probable class; its server has serve.threshold 0.2: "
            "--threshold 0.2 answers as it does",
        ),
        (
            0.3,
            0.2,
            "the model answers '高' from a probability of 0.3 on (by the best F1); its server has "
            "serve.threshold 0.2: --threshold 0.2 answers as it does",
        ),
    ],
)
def test_a_threshold_that_a_server_has_otherwise_is_told(
    age_bundle: Path, own: float | None, of_servers: float | None, said: str
) -> None:
    predictor = load(age_bundle)
    if own is not None:
        predictor = predictor.with_threshold(own, "the best F1")
    with events.recording() as lines:
        tell_threshold(predictor, of_servers)
    assert [line.text for line in lines] == [said] * bool(said)


def test_intervals_that_were_not_measured_are_refused(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄\n20\n", encoding="utf-8")
    done = predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--intervals")
    assert isinstance(done.exception, RecipeError)
    assert "has measured no intervals" in str(done.exception)
    assert not (tmp_path / "out.csv").exists()


def test_a_rejects_file_of_an_earlier_call_goes(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄\nx\n20\n", encoding="utf-8")
    assert predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv").exit_code == 1
    (tmp_path / "in.csv").write_text("年龄\n20\n", encoding="utf-8")
    assert predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


def test_options_reach_the_source(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("姓名;年龄\n甲; 70\n".encode("gb18030"))
    options = ["--set", "delimiter=;", "--set", "encoding=gb18030", "--set", "strip=true"]
    done = predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv", *options)
    assert done.exit_code == 0, done.output
    assert read_csv(tmp_path / "out.csv")[0]["prediction"] == "高"


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_the_form_of_a_csv_file_is_told_from_it(
    age_bundle: Path, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    rows = [("姓名", "年龄"), *((f"第{n}位客户", "70") for n in range(9))]
    text = "".join(f"{delimiter.join(row)}\r\n" for row in rows)
    (tmp_path / "in.csv").write_bytes(text.encode(encoding))
    done = predict(age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    answers = read_csv(tmp_path / "out.csv")
    assert [(row["姓名"], row["prediction"]) for row in answers[:1]] == [("第0位客户", "高")]
    assert "in.csv is read with a" in done.stderr
    assert ("encoding gb18030 ('姓名')" in done.stderr) == (encoding == "gb18030")


def test_answers_that_are_replaced_are_said_to_be(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄\n20\n", encoding="utf-8")
    arguments = [age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv"]
    assert "is replaced" not in predict(*arguments).stderr
    assert "out.csv, which was there and is replaced" in predict(*arguments).stderr


def test_a_wrong_option_is_named(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("年龄\n20\n", encoding="utf-8")
    arguments = [age_bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv"]
    done = predict(*arguments, "--set", "delimeter=;")
    assert isinstance(done.exception, RecipeError)
    assert "did you mean 'delimiter'?" in str(done.exception)


def test_a_folder_of_pictures(image_bundle: Path, tmp_path: Path, pictures: Path) -> None:
    done = predict(image_bundle, pictures, "-o", tmp_path / "out.csv")
    assert done.exit_code == 1
    rows = read_csv(tmp_path / "out.csv")
    assert [(row["file"], row["prediction"]) for row in rows] == [
        ("sub/dark.png", "低"),
        ("亮.png", "高"),
    ]
    rejects = read_csv(tmp_path / "out.rejects.csv")
    assert [row["source"] for row in rejects] == ["broken.png"]
    assert rejects[0]["reason"]
    assert "left out 1 file that is no picture: notes.txt" in done.stderr


def test_acquire_and_predict_judge_every_file_of_a_folder_alike(
    image_bundle: Path, tmp_path: Path, pictures: Path
) -> None:
    sound = (pictures / "亮.png").read_bytes()
    for name, content in {
        "no-ending": sound,
        "LOUD.JPG": sound,
        "scan.dat": sound,
        "list.png": "年龄,诊断\n".encode(),
        "BMI.bmp": b"BMI,age\n" * 9,
        "empty.png": b"",
        ".DS_Store": b"\0\0\0\x01Bud1",
        "Thumbs.db": b"\xd0\xcf\x11\xe0",
        "sub/desktop.ini": b"[.ShellClassInfo]",
    }.items():
        (pictures / name).write_bytes(content)
    os.mkfifo(pictures / "pipe.png")
    (pictures / "link.png").symlink_to("亮.png")
    (tmp_path / "tree").mkdir()
    pictures.rename(tmp_path / "tree/类")

    with MediaWriter(tmp_path) as media:
        reading = Reading(tmp_path, tmp_path, media, Rejects())
        taken = [
            source.removeprefix("tree/类/")
            for table in Images(path="tree").read_rows(reading)
            for source in table["_source"].to_pylist()
        ]
    refused = {
        one["source"].removeprefix("tree/类/"): one["reason"]
        for one in reading.rejects.table().to_pylist()
    }
    done = predict(image_bundle, tmp_path / "tree/类", "-o", tmp_path / "out.csv")
    assert done.exit_code == 1
    answered = [row["file"] for row in read_csv(tmp_path / "out.csv")]
    rejects = {row["source"]: row["reason"] for row in read_csv(tmp_path / "out.rejects.csv")}
    broken = rejects.pop("broken.png")
    assert "damaged" in broken or "cut off" in broken  # acquire leaves decoding to a later stage
    assert [name for name in taken if name != "broken.png"] == answered
    assert answered == ["LOUD.JPG", "no-ending", "scan.dat", "sub/dark.png", "亮.png"]
    assert rejects == refused
    assert set(refused) == {
        "BMI.bmp", "empty.png", "link.png", "list.png", "pipe.png",
    }  # fmt: skip

    followed = predict(
        image_bundle, tmp_path / "tree/类", "-o", tmp_path / "out.csv", "--set", "follow_links=true"
    )
    assert followed.exit_code == 1
    assert "link.png" in {row["file"] for row in read_csv(tmp_path / "out.csv")}
    wrong = predict(image_bundle, tmp_path / "tree", "-o", tmp_path / "x.csv", "--set", "links=1")
    assert isinstance(wrong.exception, RecipeError)


def test_a_folder_or_file_without_a_picture_says_what_it_is(
    image_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/scan.png").write_bytes(b"MM\0*" + bytes(50))
    for source, said in (
        ("in", "no picture in this folder; scan.png is a TIFF file"),
        (
            "in/scan.png",
            "ends in no .conll, .bio, .bmes, .csv, .tsv, .txt, .jsonl, .ndjson, .parquet, .pq",
        ),
    ):
        done = predict(image_bundle, tmp_path / source, "-o", tmp_path / "out.csv")
        assert isinstance(done.exception, DataError)
        assert said in str(done.exception)
        assert not (tmp_path / "out.csv").exists()


def test_a_pattern_of_pictures(image_bundle: Path, tmp_path: Path, pictures: Path) -> None:
    (pictures / "a.csv").write_text("no picture", encoding="utf-8")
    for pattern, files in {
        "*": ["sub/dark.png", "亮.png"],
        "*.png": ["亮.png"],
        "**/*.png": ["sub/dark.png", "亮.png"],
        "s*/*": ["sub/dark.png"],
    }.items():
        done = predict(image_bundle, pictures / pattern, "-o", tmp_path / "out.csv")
        rows = read_csv(tmp_path / "out.csv")
        assert [row["file"] for row in rows] == files, pattern
        assert ("left out 2 files that are no pictures: a.csv, notes.txt" in done.stderr) == (
            pattern == "*"
        )


def write_parts(folder: Path) -> Path:
    """A table in two files and something that is none."""
    folder.mkdir()
    (folder / "b.csv").write_text("姓名;年龄\n丙;70\n", encoding="utf-8")
    (folder / "a.csv").write_text("姓名;年龄\n甲;20\n乙;abc\n", encoding="utf-8")
    (folder / ".a.csv.swp").write_bytes(b"\0")
    return folder


@pytest.mark.parametrize("pattern", ["", "*.csv", "[ab].csv"])
def test_a_folder_and_a_pattern_of_tables(age_bundle: Path, tmp_path: Path, pattern: str) -> None:
    folder = write_parts(tmp_path / "teile")
    done = predict(age_bundle, folder / pattern, "-o", tmp_path / "out.csv")
    assert done.exit_code == 1, done.output
    assert [
        (row["file"], row["姓名"], row["prediction"]) for row in read_csv(tmp_path / "out.csv")
    ] == [
        ("a.csv", "甲", "低"),
        ("b.csv", "丙", "高"),
    ]
    (reject,) = read_csv(tmp_path / "out.rejects.csv")
    assert (reject["source"], reject["line"], reject["found"]) == ("a.csv", "3", "abc")


def test_a_file_of_several_keeps_a_column_called_file(age_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("file,年龄\nx,20\n", encoding="utf-8")
    assert predict(age_bundle, tmp_path / "in", "-o", tmp_path / "out.csv").exit_code == 0
    (row,) = read_csv(tmp_path / "out.csv")
    assert (row["input_file"], row["file"]) == ("a.csv", "x")


def test_several_files_that_are_no_one_input_are_refused(age_bundle: Path, tmp_path: Path) -> None:
    folder = write_parts(tmp_path / "teile")
    for arguments, said in [
        ((folder / "*.parquet", "-o", tmp_path / "out.csv"), "no file and no folder is called so"),
        ((folder, "-o", folder / "b.csv"), "b.csv stands among the inputs"),
        ((folder / "*.csv", "-o", folder / "b.csv"), "b.csv stands among the inputs"),
    ]:
        done = predict(age_bundle, *arguments)
        assert isinstance(done.exception, DataError)
        assert said in str(done.exception)
    (folder / "c.csv").write_text("年龄;ort\n70;Ulm\n", encoding="utf-8")
    done = predict(age_bundle, folder, "-o", tmp_path / "out.csv")
    assert (
        "c.csv: columns differ from those of the files before it: lacks '姓名' and adds 'ort'"
        in str(done.exception)
    )
    (folder / "readme.md").write_text("x", encoding="utf-8")
    done = predict(age_bundle, folder, "-o", tmp_path / "out.csv")
    assert "other files beside its tables" in str(done.exception)
    assert not (tmp_path / "out.csv").exists()


def test_one_picture(image_bundle: Path, tmp_path: Path, pictures: Path) -> None:
    done = predict(image_bundle, pictures / "亮.png", "-o", tmp_path / "out.jsonl")
    assert done.exit_code == 0, done.output
    answer = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert (answer["file"], answer["prediction"]) == ("亮.png", "高")


def test_a_table_that_names_pictures(image_bundle: Path, tmp_path: Path, pictures: Path) -> None:
    text = "编号,image\n1,亮.png\n2,gone.png\n3,sub/dark.png\n"
    (pictures / "list.csv").write_text(text, encoding="utf-8")
    done = predict(image_bundle, pictures / "list.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 1
    rows = read_csv(tmp_path / "out.csv")
    assert [(row["image"], row["prediction"]) for row in rows] == [
        ("亮.png", "高"),
        ("sub/dark.png", "低"),
    ]
    (reject,) = read_csv(tmp_path / "out.rejects.csv")
    assert (reject["line"], reject["column"]) == ("3", "image")


def test_wrong_inputs_are_refused_before_anything_is_written(
    age_bundle: Path, image_bundle: Path, tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "in.csv").write_text("alter\n20\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    for arguments, kind, said in [
        ((age_bundle, tmp_path / "gone.csv"), DataError, "no such file"),
        ((age_bundle, tmp_path / "in.csv"), DataError, "no column '年龄'"),
        ((age_bundle, pictures), DataError, "pictures alone are not enough"),
        ((tmp_path / "no-bundle", tmp_path / "in.csv"), ArtifactError, "no bundle folder"),
    ]:
        done = predict(*arguments, "-o", out)
        assert isinstance(done.exception, kind)
        assert said in str(done.exception)
        assert not out.exists()


def test_a_model_of_the_catalog_by_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()  # the pictures that it was made from
    (tmp_path / "in.csv").write_text("年龄\n20\n", encoding="utf-8")
    for name in ("digits", "digits@1"):
        done = predict(name, tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--home", home)
        assert done.exit_code == 0, done.output
    done = predict("digit", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--home", home)
    assert "did you mean 'digits'?" in str(done.exception)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two sound pictures, a broken one, and something else."""
    folder = tmp_path / "图片"
    for name, grey in (("亮.png", 250), ("sub/dark.png", 10)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), grey).save(folder / name)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrest is gone")
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


def test_a_path_that_is_no_file_of_the_folder_is_said_to_be_so(
    image_bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "表"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"root:x:0")
    Image.new("L", (2, 2)).save(folder / "图.png")
    cells = ["图.png", "nope.png", "../secret", "", "a\0b"]
    pq.write_table(pa.table({"image": cells}), folder / "in.parquet")
    done = predict(image_bundle, folder / "in.parquet", "-o", tmp_path / "out.csv")
    assert done.exit_code == 1, done.output
    rejects = read_csv(tmp_path / "out.rejects.csv")
    assert [reject["found"] for reject in rejects[:2]] == ["nope.png", "../secret"]
    assert rejects[0]["reason"] == "is no file there"
    assert rejects[1]["reason"] == "leads out of the folder of the table"
    assert len(read_csv(tmp_path / "out.csv")) == 1
    assert not any("root" in str(reject) for reject in rejects)


def test_cells_that_training_never_saw_are_told_by_column(tmp_path: Path) -> None:
    known = FittedCategory(vocabulary=("True", "False"), counts=(2, 1), had_missing=False)
    inputs: dict[str, FittedFeature] = {"active": known, "town": known}
    bundle = write_sign_bundle(tmp_path / "bundle", inputs, 0)
    lines = ["active,town", *["true,甲", "FALSE,乙", "maybe,甲"] * 3]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = predict(bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0
    said = "cells hold what training never saw, such as"
    assert f"column 'active': 3 of 9 {said} 'maybe'" in done.stderr
    assert f"column 'town': 9 of 9 {said} '甲'" in done.stderr
    assert done.stderr.count("warning: no cell of column 'town' is what training saw") == 1


def test_a_number_without_its_unit_is_told_with_the_one_that_it_is_read_in(tmp_path: Path) -> None:
    kilos = FittedNumber(
        unit={"kg": 1, "g": 0.001}, had_bare=False, mean=66, std=9, low=40, high=99,
        had_missing=False, raw=True,
    )  # fmt: skip
    bundle = write_sign_bundle(tmp_path / "bundle", {"weight": kilos}, 0)
    (tmp_path / "in.csv").write_text("weight\n65kg\n65\n65000g\n", encoding="utf-8")
    done = predict(bundle, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0
    assert (
        "column 'weight': 1 of 3 cells hold what training never saw, such as '65'; it has no unit "
        "and is read as 'kg'"
    ) in done.stderr


def test_a_warning_is_told_once() -> None:
    stream = io.StringIO()
    with events.listening(Lines(stream)):
        for text in ("a", "b", "a"):
            events.warning(text)
    assert stream.getvalue() == "warning: a\nwarning: b\n"


def test_a_moment_in_nanoseconds_that_training_never_saw_is_told(tmp_path: Path) -> None:
    when = FittedTimestamp(
        kind="moment", first_us=0, last_us=10**15, parts=("days",), means=(1.0,), stds=(1.0,),
        had_missing=False,
    )  # fmt: skip
    bundle = write_sign_bundle(tmp_path / "bundle", {"at": when}, 0)
    rows = pa.table({"at": pa.array([1, 1_741_645_779_047_273_137], pa.timestamp("ns"))})
    pq.write_table(rows, tmp_path / "in.parquet")
    # By itself, as pandas has a value for nanoseconds and is loaded here.
    command = [sys.executable, "-m", "stoker", "predict", str(bundle)]
    command += [str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.csv")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (
        "column 'at': 1 of 2 cells hold what training never saw, such as "
        "'2025-03-10 22:29:39.047273137'; training saw 1970-01-01 to 2001-09-09T01:46:40"
    ) in done.stderr
