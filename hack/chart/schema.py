"""values.schema.json, from the values and their comments: what is not there is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from hack.chart.values import Value, ValuesError

JSON = dict[str, Any]

_DEFINITIONS: Final = Path(__file__).with_name("definitions.yaml")
_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}

_ANY: Final[JSON] = {"type": "object"}
"""Helm lays the globals, and the values of the library, into each chart's values before it looks at the schema."""


def render_schema(values: Sequence[Value]) -> JSON:
    """The whole schema. Raises ValuesError for an open object without an ``@schema`` that says what may be in it."""
    definitions: JSON = yaml.safe_load(_DEFINITIONS.read_text(encoding="utf-8"))
    sections = {value.name: _section(value) for value in values}
    workload = sections["global"]["properties"]["workload"]
    definitions["workload"] = {key: value for key, value in workload.items() if key != "description"}
    sections["global"]["properties"]["workload"] = {"$ref": "#/$defs/workload"}
    server = {"workload": {"$ref": "#/$defs/workload"}, "global": _ANY}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart skald",
        "type": "object",
        "additionalProperties": False,
        "properties": {**sections, "platform-lib": _ANY},
        # a server for one service (global.mongodb.serverPerService) may differ from the others
        "patternProperties": {"^mongodb-": {"type": "object", "additionalProperties": False, "properties": server}},
        "$defs": definitions,
    }


def _section(value: Value) -> JSON:
    schema = _schema(value)
    if value.path != ("global",):
        schema["properties"]["global"] = _ANY
    return schema


def _schema(value: Value) -> JSON:
    described = {"description": value.text} if value.text else {}
    if "$ref" in value.schema:
        return {**described, **value.schema}
    if value.children:
        properties = {child.name: _schema(child) for child in value.children}
        return {**described, "type": "object", "additionalProperties": False, "properties": properties}
    kind = _TYPES[type(value.default)]
    if kind in ("object", "array") and not value.schema:
        raise ValuesError(f"values.yaml: {'.'.join(value.path)} is an {kind}; say in @schema what may be in it")
    return {**described, "type": kind, **value.schema}
