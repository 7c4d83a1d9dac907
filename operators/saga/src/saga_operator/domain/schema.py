"""The check of a saga's input against its definition's JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

JSON = Any
_SHOWN: Final = 3
_LENGTH: Final = 200


class InputSchema:
    """A JSON Schema, compiled. It fetches nothing, and its patterns run in linear time."""

    def __init__(self, schema: Mapping[str, JSON]) -> None:
        """Raises ValueError when this is no valid schema, or one that no saga's input can fit."""
        self._schema = schema
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions()
            )
        except jsonschema_rs.ValidationError as error:
            at = "".join(f"/{part}" for part in error.instance_path)
            raise ValueError(f"{error.message}{f' (at {at})' if at else ''}") from None
        kinds = schema.get("type", "object")
        if "object" not in ([kinds] if isinstance(kinds, str) else kinds):
            raise ValueError(f"a saga's input is an object, and type {kinds} lets none through; write type: object")

    def problem(self, saga_input: Mapping[str, JSON]) -> str | None:
        """What is wrong with the input, in one line; None when nothing is."""
        try:
            if self._validator.is_valid(saga_input):
                return None
            found = [self._sentence(error) for error in self._validator.iter_errors(saga_input)]
        except ValueError as error:
            return f"the input is nested too deep to be checked: {error}"
        rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return "; ".join(found[:_SHOWN]) + rest

    def excluded(self, path: Sequence[str]) -> str | None:
        """The first part of a path into the input that the schema says is never there; None when it may all be.

        Only what is plain is seen: ``additionalProperties: false`` along ``properties``.
        """
        schema: JSON = self._schema
        for depth, name in enumerate(path, start=1):
            if not isinstance(schema, Mapping) or not isinstance(schema.get("properties", {}), Mapping):
                return None
            if name not in schema.get("properties", {}):
                closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
                return ".".join(path[:depth]) if closed else None
            schema = schema["properties"][name]
        return None

    @staticmethod
    def _sentence(error: Any) -> str:
        at = "".join(f".{part}" for part in error.instance_path)
        return f"input{at}: {error.message}"[:_LENGTH]
