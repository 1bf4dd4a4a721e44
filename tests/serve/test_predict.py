"""`/predict` answers as the Predictor does, whatever form the rows come in."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from stoker.bundle.predictor import load

PEOPLE: list[dict[str, Any]] = [
    {"age": 17, "职业": "农民"},
    {"age": 39.5, "职业": "nurse"},
    {"age": None, "职业": "never seen"},
    {"age": 88, "职业": 3},
    {"age": 0, "职业": None},
]


@pytest.fixture(scope="module")
def images(digits: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(digits, max_body_bytes=200_000) as server, server.client() as client:
        yield client


@pytest.fixture(scope="module")
def people(census: Path, start: Callable[..., Any]) -> Iterator[httpx.Client]:
    with start(census, max_rows=50) as server, server.client() as client:
        yield client


def expected(bundle: Path, rows: Any) -> list[dict[str, Any]]:
    """The Predictor's own answers, in the server's form."""
    predictor = load(bundle)
    labels = predictor.output_schema()["properties"]["prediction"].get("enum", [])
    answers = predictor.predict(rows).table.to_pylist()
    for answer in answers:
        if "probabilities" in answer:
            names = [str(label).lower() if label in (True, False) else label for label in labels]
            answer["probabilities"] = dict(zip(names, answer["probabilities"], strict=True))
    return answers


def close(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(close(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(close, found, wanted))
    return (
        found == pytest.approx(wanted, rel=1e-5) if isinstance(wanted, float) else found == wanted
    )


def texts(rows: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    """The rows as a CSV file or Parquet column of text holds them."""
    return [{k: None if v is None else str(v) for k, v in row.items()} for row in rows]


def test_a_picture_gets_the_predictors_answer(
    images: httpx.Client, digits: Path, picture: Callable[..., bytes]
) -> None:
    for kind in ("image/png", "IMAGE/PNG; x=y", "image/*"):
        answer = images.post("/predict", content=picture(3), headers={"content-type": kind})
        assert answer.status_code == 200
        value = answer.json()
        assert (value.pop("model"), value.pop("version")) == ("digits", "7")
        assert close(value, expected(digits, {"image": [picture(3)]})[0])


def test_pictures_in_json_get_the_same_answers(
    images: httpx.Client, digits: Path, picture: Callable[..., bytes]
) -> None:
    pictures = [picture(seed, size) for seed, size in ((1, 8), (2, 8), (3, 20))]
    rows = [{"image": base64.b64encode(data).decode()} for data in pictures]
    answer = images.post("/predict", json={"rows": rows})
    assert close(answer.json()["predictions"], expected(digits, {"image": pictures}))


def test_rows_get_the_predictors_answers_in_every_form(people: httpx.Client, census: Path) -> None:
    wanted = expected(census, texts(PEOPLE))
    as_list = people.post("/predict", json=PEOPLE).json()
    as_rows = people.post("/predict", json={"rows": PEOPLE}).json()
    assert as_list == as_rows
    assert close(as_list["predictions"], wanted)
    for row, want in zip(PEOPLE, wanted, strict=True):
        single = people.post("/predict", json=row).json()
        told = ("model", "version", "warnings")
        assert close({k: v for k, v in single.items() if k not in told}, want)


def test_csv_gets_the_same_answers(people: httpx.Client, census: Path) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, ["职业", "age", "wage"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(row | {"wage": "true"} for row in PEOPLE)
    for encoding in ("utf-8", "utf-8-sig"):
        answer = people.post(
            "/predict",
            content=file.getvalue().encode(encoding),
            headers={"content-type": "text/csv; charset=utf-8"},
        )
        assert answer.status_code == 200, answer.text
        assert close(answer.json()["predictions"], expected(census, texts(PEOPLE)))


def test_numbers_are_answered_too(wages: Path, start: Callable[..., Any]) -> None:
    with start(wages) as server, server.client() as client:
        value = client.post("/predict", json=PEOPLE[0]).json()
        assert value.keys() == {"model", "version", "prediction"}
        assert value["prediction"] == pytest.approx(
            expected(wages, texts(PEOPLE[:1]))[0]["prediction"], rel=1e-6
        )
        outputs = client.get("/v2/models/census").json()["outputs"]
        assert outputs == [{"name": "prediction", "datatype": "FP64", "shape": [-1]}]


def test_batched_answers_equal_single_ones(
    images: httpx.Client, picture: Callable[..., bytes]
) -> None:
    def ask(seed: int) -> tuple[int, dict[str, Any]]:
        headers = {"content-type": "image/png"}
        return seed, images.post("/predict", content=picture(seed), headers=headers).json()

    alone = dict(ask(seed) for seed in range(24))
    with ThreadPoolExecutor(24) as pool:
        together = list(pool.map(ask, [*range(24)] * 8))
    batches = [
        line
        for line in images.get("/metrics").text.splitlines()
        if line.startswith('stoker_batch_rows_bucket{le="1.0"}')
    ]
    assert float(batches[0].split()[-1]) < 24 * 9, "nothing was batched"
    for seed, value in together:
        assert close(value, alone[seed])


def test_a_bad_picture_spoils_its_own_request_only(
    images: httpx.Client, picture: Callable[..., bytes]
) -> None:
    def ask(seed: int) -> int:
        data = picture(seed) if seed % 3 else picture(seed)[:40]
        return images.post(
            "/predict", content=data, headers={"content-type": "image/png"}
        ).status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(ask, range(90)))
    assert codes == [200 if seed % 3 else 422 for seed in range(90)]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b'{"age": NaN, "\xe8\x81\x8c\xe4\xb8\x9a": "x"}', 400, "null"),
        (b'[{"age": Infinity}]', 400, "not JSON"),
        (b'{"age": 1e999, "\xe8\x81\x8c\xe4\xb8\x9a": "x"}', (400, 422), ""),
        (b"[" * 100_000, 400, "not JSON"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400, "not JSON"),
        (b'"\xff"', 400, "not JSON"),
        (b"7", 422, "no row"),
        (b"[]", 422, "at least one row"),
        (b'{"rows": []}', 422, "at least one row"),
        (b"[1, null]", 422, "expected an object"),
        (json.dumps([PEOPLE[0]] * 51).encode(), 413, "51 rows"),
        (json.dumps({"age": 1}).encode(), 422, "职业"),
        (json.dumps({"Age": 1, "职业": "x"}).encode(), 422, "did you mean 'age'"),
        (json.dumps({"Age": 1, "职业": "x"}).encode(), 422, "is missing"),
        (json.dumps([PEOPLE[0], PEOPLE[0] | {"age": "old"}]).encode(), 422, "row 1, column 'age'"),
        (json.dumps(PEOPLE[0] | {"age": True}).encode(), 422, "expected number or string or null"),
        (json.dumps(PEOPLE[0] | {"age": [1]}).encode(), 422, "is a list"),
        (json.dumps(PEOPLE[0] | {"职业": {"a": 1}}).encode(), 422, "is an object"),
        (json.dumps(PEOPLE[0] | {"age": 1e300}).encode(), 422, "too far"),
        (json.dumps(PEOPLE[0] | {"age": 10**30}).encode(), (200, 422), ""),
    ],
)
def test_what_is_wrong_with_json_is_said(
    people: httpx.Client, body: bytes, status: int | tuple[int, ...], words: str
) -> None:
    answer = people.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (status if isinstance(status, tuple) else (status,)), answer.text
    assert words in json.dumps(answer.json(), ensure_ascii=False)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("", 422, "no row"),
        ("age,职业\n", 422, "no row"),
        ("age,职业\n1\n", 422, "has 1 cells"),
        ("age,职业\n1,a,b\n", 422, "has 3 cells"),
        ("age,age,职业\n1,1,a\n", 422, "twice"),
        ("x,x,age,职业\n0,0,1,a\n", 422, "twice"),
        ("age\n1\n", 422, "is missing"),
        ("age;职业\n1,5;a\n", 422, "separated by commas, not by ';'"),
        ("Age,职业\n1,a\n", 422, "did you mean 'age'"),
        ("Age,职业\n1,a\n", 422, "is missing"),
        ('age,职业\n1,"a\n', 400, "not CSV"),
        ("age,职业\n1,\0\n", 422, "NUL"),
        ("age,职业\n1e400,a\n", 422, "age"),
        ("age,职业\n1,a\n2,b\nthree,c\n", 422, "row 2, column 'age'"),
        ("age,职业\n" + "1,a\n" * 51, 413, "51 rows"),
        ("age,职业\n1," + "a" * 140_000 + "\n", 400, "not CSV"),
    ],
)
def test_what_is_wrong_with_csv_is_said(
    people: httpx.Client, body: str, status: int, words: str
) -> None:
    answer = people.post("/predict", content=body.encode(), headers={"content-type": "text/csv"})
    assert answer.status_code == status, answer.text
    assert words in answer.text


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (("Age", "编号", "职业"), {"Age": "did you mean 'age'?", "age": "is missing"}),
        (("编号", "职业", "城市"), {"age": "no inputs of this model are '编号', '城市'"}),
        (("职业",), {"age": "is missing"}),
    ],
)
def test_only_what_is_needed_is_an_error(
    people: httpx.Client, form: str, names: tuple[str, ...], wrong: dict[str, str]
) -> None:
    """Each field that is sent along was one too, where an input was misspelt."""
    text = f"{','.join(names)}\n{','.join('1' * len(names))}\n"
    answer = (
        people.post("/predict", json=dict.fromkeys(names, "1"))
        if form == "json"
        else people.post("/predict", content=text.encode(), headers={"content-type": "text/csv"})
    )
    assert answer.status_code == 422, answer.text
    found = {cell["column"]: cell["reason"] for cell in answer.json()["error"]["cells"]}
    assert found.keys() == wrong.keys()
    assert all(reason in found[name] for name, reason in wrong.items()), found


def test_a_column_that_is_no_input_is_left_out_and_named(people: httpx.Client) -> None:
    plain = people.post("/predict", json=PEOPLE[0]).json()
    assert "ignored" not in plain
    more = people.post("/predict", json=PEOPLE[0] | {"编号": 7, "Age": 1})
    assert more.json() == plain | {"ignored": ["编号", "Age"]}
    several = people.post("/predict", json=[PEOPLE[0], PEOPLE[0] | {"编号": [1] * 9}]).json()
    assert several["ignored"] == ["编号"]
    assert len(several["predictions"]) == 2
    csv = people.post(
        "/predict",
        content="编号,age,职业\n1,1,a\n".encode(),
        headers={"content-type": "text/csv"},
    )
    assert csv.json()["ignored"] == ["编号"]
    assert len(csv.json()["predictions"]) == 1


def test_many_long_names_are_not_sent_back_whole(people: httpx.Client) -> None:
    extra = {f"{'x' * 500}{number}": 0 for number in range(500)}
    ignored = people.post("/predict", json=PEOPLE[0] | extra).json()["ignored"]
    assert len(ignored) <= 20
    assert max(map(len, ignored)) <= 80


def test_a_column_that_is_no_input_is_refused_if_asked(people: httpx.Client) -> None:
    strict = {"extra": "refuse"}
    assert people.post("/predict", params=strict, json=PEOPLE[0]).status_code == 200
    for content, kind in (
        (json.dumps(PEOPLE[0] | {"Age": 1}).encode(), "application/json"),
        ("Age,age,职业\n1,1,a\n".encode(), "text/csv"),
    ):
        headers = {"content-type": kind}
        refused = people.post("/predict", params=strict, content=content, headers=headers)
        assert refused.status_code == 422
        assert "did you mean 'age'" in refused.text
    wrong = people.post("/predict", params={"extra": "drop"}, json=PEOPLE[0])
    assert wrong.status_code == 400
    assert "extra=refuse" in wrong.text


def test_csv_that_is_not_utf8_is_refused(people: httpx.Client) -> None:
    body = "age,职业\n1,农民\n".encode("gbk")
    answer = people.post("/predict", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == 400
    assert "UTF-8" in answer.text


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"<html>", b"GIF89a", b"\0" * 1000])
def test_what_is_no_picture_is_refused(images: httpx.Client, data: bytes) -> None:
    answer = images.post("/predict", content=data, headers={"content-type": "image/png"})
    assert answer.status_code == 422
    wrapped = {"image": base64.b64encode(data).decode()}
    assert images.post("/predict", json=wrapped).status_code == 422
    for cell in ("not base64!", None, 7):
        assert images.post("/predict", json={"image": cell}).status_code == 422


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image"]
)
def test_other_content_types_are_refused_with_a_hint(people: httpx.Client, kind: str) -> None:
    answer = people.post("/predict", content=b"{}", headers={"content-type": kind} if kind else {})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]["expected"]


def test_a_picture_for_a_table_model_and_csv_for_pictures_are_refused(
    people: httpx.Client, images: httpx.Client, picture: Callable[..., bytes]
) -> None:
    answer = people.post("/predict", content=picture(0), headers={"content-type": "image/png"})
    assert answer.status_code == 415
    answer = images.post("/predict", content=b"image\nx\n", headers={"content-type": "text/csv"})
    assert answer.status_code == 415


def test_a_too_large_body_is_refused(images: httpx.Client) -> None:
    headers = {"content-type": "image/png"}
    assert images.post("/predict", content=bytes(200_001), headers=headers).status_code == 413
    chunks = (bytes(50_000) for _ in range(6))
    assert images.post("/predict", content=chunks, headers=headers).status_code == 413
    assert images.post("/predict", content=bytes(200_000), headers=headers).status_code == 422


def test_the_other_routes_answer(images: httpx.Client) -> None:
    assert images.get("/healthz").json() == {"live": True}
    assert images.get("/readyz").json() == {"ready": True}
    assert images.head("/healthz").status_code == 200
    assert images.get("/predict").status_code == 405
    assert images.get("/predict").headers["allow"] == "POST"
    assert images.get("/nothing").status_code == 404
    page = images.get("/")
    assert "<b>two" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/page.js", "/page.css"):
        assert images.get(path).status_code == 200
        assert "http" not in images.get(path).text, "the page must work offline"


def test_the_openapi_document_describes_what_is_answered(people: httpx.Client) -> None:
    document = people.get("/openapi.json").json()
    row = document["components"]["schemas"]["Row"]
    assert row["required"] == ["age", "职业"]
    answer = document["components"]["schemas"]["Answer"]["properties"]
    assert list(answer["probabilities"]["properties"]) == ["false", "true"]
    for path in document["paths"]:
        assert people.get(path).status_code in (200, 405)


def test_metrics_count_routes_codes_batches_and_rejects(images: httpx.Client) -> None:
    images.post("/predict", content=b"x", headers={"content-type": "image/png"})
    text = images.get("/metrics").text
    for part in (
        'stoker_requests_total{code="422",route="/predict"}',
        'stoker_batches_total{reason="idle"}',
        'stoker_rejects_total{reason="status_422"}',
        "stoker_queue_seconds_bucket",
        "stoker_request_seconds_count",
        "stoker_batch_rows_sum",
        "stoker_connections ",
    ):
        assert part in text


def test_a_key_that_stands_twice_is_refused_by_its_name(people: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    for body in (
        '{"age": 1, "职业": "a:b", "职业": "nurse"}',
        '{"rows": [{"age": 1, "职业": "3"}, {"age": 1, "职业": "3", "职业": null}]}',
    ):
        answer = people.post("/predict", content=body.encode(), headers=headers)
        assert answer.status_code == 400
        assert "'职业' stands twice" in answer.json()["error"]["message"]
    tensor = {"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}
    twice = json.dumps(tensor)[:-1] + ', "data": [2]}'
    body = f'{{"inputs": [{twice}]}}'
    answer = people.post("/v2/models/census/infer", content=body, headers=headers)
    assert answer.status_code == 400
    assert "'data' stands twice" in answer.json()["error"]


def test_deep_nesting_in_a_cell_is_one_bad_cell(people: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    for start, end in (("[", "]"), ('{"a":', "}")):
        deep = start * 1000 + "1" + end * 1000
        for body in (f'{{"age": {deep}, "职业": "3"}}', f'[{{"age": 1, "职业": {deep}}}]', deep):
            answer = people.post("/predict", content=body.encode(), headers=headers)
            assert answer.status_code in (400, 422), answer.text
        body = (
            f'{{"inputs": [{{"name": "age", "shape": [1], "datatype": "FP64", "data": [{deep}]}}]}}'
        )
        answer = people.post("/v2/models/census/infer", content=body, headers=headers)
        assert 400 <= answer.status_code < 500
