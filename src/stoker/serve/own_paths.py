"""The server's own paths, which belong to no protocol: page, document, metrics, probes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.serve import form_page
from stoker.serve.messages import Answer, json_answer
from stoker.serve.metrics import Metrics
from stoker.serve.openapi import TEXT, Described, get_item, object_of, probe_item
from stoker.serve.routes import Route, get
from stoker.serve.routing import Deployments


def own_routes(
    deployments: Deployments, metrics: Metrics, document: Mapping[str, Any]
) -> dict[str, Route]:
    """The paths and what is done there.

    Args:
        deployments: Who answers.
        metrics: What is counted.
        document: What `/openapi.json` answers.
    """
    written, live = json_answer(document), json_answer({"live": True})
    shown = form_page.page(deployments.members[0].model)

    def readiness() -> Answer:
        is_ready = deployments.is_ready
        return json_answer({"ready": is_ready}, 200 if is_ready else 503)

    return {
        "/": get("/", lambda _: shown),
        "/page.css": get("/page.css", lambda _: form_page.style()),
        "/page.js": get("/page.js", lambda _: form_page.script()),
        "/openapi.json": get("/openapi.json", lambda _: written),
        "/metrics": get("/metrics", lambda _: metrics.page()),
        "/healthz": get("/healthz", lambda _: live, is_open=True),
        "/readyz": get("/readyz", lambda _: readiness(), is_open=True),
    }


def own_openapi() -> Described:
    """What they answer; the page is for people."""
    live = object_of({"live": {"const": True}}, "live")
    error = {
        "status": {"type": "integer"},
        "message": {"type": "string"},
        "expected": {"type": "string"},
        "cells": {"type": "array", "items": {"type": "object"}},
    }
    numbers = get_item(
        "Numbers in the Prometheus text format.",
        {"type": "string"},
        error="Error",
        content_type=TEXT,
    )
    paths = {
        "/healthz": get_item("The process lives.", live, error="Error"),
        "/readyz": probe_item("The server takes requests; 503 while it ends.", error="Error"),
        "/metrics": numbers,
    }
    return Described(
        paths, {"Error": object_of({"error": object_of(error, "status", "message")}, "error")}
    )
