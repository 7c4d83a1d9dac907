"""The check of a saga's input against its definition's JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs

JSON = Any
_SHOWN: Final = 3
_LENGTH: Final = 200


class InputSchema:
    """A JSON Schema, compiled. It fetches nothing, and its patterns run in linear time."""

    def __init__(self, schema: Mapping[str, JSON]) -> None:
        """Raises ValueError when this is no valid schema."""
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions()
            )
        except jsonschema_rs.ValidationError as error:
            at = "".join(f"/{part}" for part in error.instance_path)
            raise ValueError(f"{error.message}{f' (at {at})' if at else ''}") from None

    def problem(self, saga_input: Mapping[str, JSON]) -> str | None:
        """What is wrong with the input, in one line; None when nothing is."""
        if self._validator.is_valid(saga_input):
            return None
        found = [self._sentence(error) for error in self._validator.iter_errors(saga_input)]
        rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return "; ".join(found[:_SHOWN]) + rest

    @staticmethod
    def _sentence(error: Any) -> str:
        at = "".join(f".{part}" for part in error.instance_path)
        return f"input{at}: {error.message}"[:_LENGTH]
