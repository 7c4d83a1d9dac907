"""The bases of what travels as JSON over HTTP: camelCase outside, snake_case inside, nothing unknown let in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["Body", "Query", "View"]


class Body(BaseModel):
    """A request body. Unknown members are refused and ``"3"`` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Query(BaseModel):
    """A query string. Unknown names are refused; numbers are read from their text."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class View(BaseModel):
    """An answer. Made with Python names, sent in camelCase."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)
