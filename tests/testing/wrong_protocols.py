"""Protocols that each break one promise, and the sound one that they were made from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

import pyarrow as pa

from stoker.serve.messages import Answer, Refusal, Request
from stoker.serve.openapi import Described
from stoker.serve.protocols import Protocol
from stoker.serve.request_rows import table_of_csv
from stoker.serve.routes import Route, post
from stoker.serve.routing import Deployments

TEXT = b"text/plain; charset=utf-8"


class Plain(Protocol):
    """A table in, an answer a line out."""

    prefix: ClassVar[str] = "/plain"
    answers_with: ClassVar[bytes] = TEXT

    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        async def ask(request: Request) -> Answer:
            deployment = deployments.choose(request)
            body = await deployment.read(request)
            rows = self.rows(body, deployment)
            answers = await deployment.answer(request, rows)
            lines = "\n".join(map(str, answers.columns["prediction"]))
            return Answer(lines.encode(), content_type=self.answers_with)

        return {self.prefix: post(self.prefix, ask)}

    def rows(self, body: bytes, deployment: Any) -> pa.Table:
        model = deployment.model
        return table_of_csv(body, model.cells, deployment.settings.max_rows, model.target, {})

    def error(self, refusal: Refusal) -> Answer:
        return Answer(f"no: {refusal.what}".encode(), refusal.status, TEXT, refusal.headers)

    def openapi(self, deployments: Deployments) -> Described:
        said = {"description": "An answer a line.", "content": {"text/plain": {}}}
        responses = {"200": said, "default": said}
        return Described({self.prefix: {"post": {"responses": responses}}}, {})


class Raises(Plain):
    prefix = "/raises"

    def rows(self, body: bytes, deployment: Any) -> pa.Table:
        raise ZeroDivisionError


class RaisesAtTheBad(Plain):
    prefix = "/raises-at-the-bad"

    def rows(self, body: bytes, deployment: Any) -> pa.Table:
        try:
            return super().rows(body, deployment)
        except Refusal as refusal:
            raise KeyError(refusal.what) from None


class AnswersInAnotherForm(Plain):
    prefix = "/another-form"
    answers_with = b"text/html"


class LacksARoute(Plain):
    prefix = "/lacks"

    def openapi(self, deployments: Deployments) -> Described:
        return Described({}, {})


class DescribesTooMuch(Plain):
    prefix = "/too-much"

    def openapi(self, deployments: Deployments) -> Described:
        said = super().openapi(deployments)
        return Described({**said.paths, "/too-much/more": {}}, {})


class HoldsUpTheOthers(Plain):
    prefix = "/slow"

    def rows(self, body: bytes, deployment: Any) -> pa.Table:
        time.sleep(1.2)
        return super().rows(body, deployment)


class ReadsPastTheLimit(Plain):
    prefix = "/past"

    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        async def ask(request: Request) -> Answer:
            deployment = deployments.choose(request)
            body = (await request._receive())["body"]  # what it must not do
            if len(body) > deployment.settings.max_body_bytes:
                return Answer(b"", content_type=TEXT)
            rows = self.rows(body, deployment)
            await deployment.answer(request, rows)
            return Answer(b"", content_type=TEXT)

        return {self.prefix: post(self.prefix, ask)}


class HasTheSchemaError(Plain):
    prefix = "/schema"

    def openapi(self, deployments: Deployments) -> Described:
        return Described(super().openapi(deployments).paths, {"Error": {}})


class PointsToNothing(Plain):
    prefix = "/points"

    def openapi(self, deployments: Deployments) -> Described:
        paths = super().openapi(deployments).paths
        return Described(paths, {"One": {"$ref": "#/components/schemas/Other"}})


class StandsElsewhere(Plain):
    prefix = "/elsewhere"

    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        return {"/else": super().routes(deployments)[self.prefix]}


class TakesAnothersPrefix(Plain):
    prefix = "/v2"


class SaysNothing(Plain):
    prefix = "/silent"

    def error(self, refusal: Refusal) -> Answer:
        return Answer(b"", refusal.status, TEXT, refusal.headers)


class RefusesWith200(Plain):
    prefix = "/kind"

    def error(self, refusal: Refusal) -> Answer:
        return Answer(refusal.what.encode(), 200, TEXT)
