"""Values: what is written down and read back; frozen, and strict about what it does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from stoker.core.meanings import add_meanings


class Value(BaseModel):
    """A frozen value; an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        protected_namespaces=(),
        json_schema_extra=add_meanings,
    )
