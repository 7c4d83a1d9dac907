"""A msgspec struct as a structural schema: inlined, no defaults, docstrings as descriptions."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from saga_operator.crds.rules import DURATIONS, LISTS, PROPERTIES, RULES, duration
from saga_operator.domain.kinds import decision, definition, saga, shared

Schema = dict[str, Any]
_REFERENCE = "#/"
_KEPT = (
    "type",
    "description",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "uniqueItems",
)


def structural(kind: type[Struct]) -> Schema:
    """The structural schema of a kind's ``spec`` and ``status``; its metadata is the API server's business."""
    (root,), components = msgspec.json.schema_components([kind], ref_template=_REFERENCE + "{name}")
    converter = _Converter(components, _field_docs())
    whole = converter.convert(root)
    return {
        "type": "object",
        "description": whole["description"],
        "required": ["spec"],
        "properties": {name: whole["properties"][name] for name in ("spec", "status")},
    }


class _Converter:
    """Inlines the components of one JSON Schema and adds what only Kubernetes knows."""

    def __init__(self, components: Mapping[str, Schema], docs: Mapping[tuple[str, str], str]) -> None:
        self._components = components
        self._docs = docs

    def convert(self, schema: Schema) -> Schema:
        if "$ref" in schema:
            return self._component(schema["$ref"].removeprefix(_REFERENCE))
        if "anyOf" in schema:
            (present,) = (option for option in schema["anyOf"] if option != {"type": "null"})
            return self.convert(present)
        converted = {key: schema[key] for key in _KEPT if key in schema}
        if "enum" in schema:
            converted["type"] = "string"
        if "items" in schema:
            converted["items"] = self.convert(schema["items"])
        if converted["type"] == "object":
            converted |= self._free_form(schema)
        return converted

    def _free_form(self, schema: Schema) -> Schema:
        if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
            return {"additionalProperties": self.convert(schema["additionalProperties"])}
        return {"x-kubernetes-preserve-unknown-fields": True}

    def _component(self, name: str) -> Schema:
        schema = self._components[name]
        if "properties" not in schema:
            return self.convert(schema)
        converted: Schema = {"type": "object", "description": schema["description"]}
        if schema["required"]:
            converted["required"] = schema["required"]
        converted["properties"] = {
            field: self._property(name, field, value) for field, value in schema["properties"].items()
        }
        if name in RULES:
            converted["x-kubernetes-validations"] = [rule.as_dict() for rule in RULES[name]]
        return converted

    def _property(self, owner: str, field: str, schema: Schema) -> Schema:
        converted = self.convert(schema)
        if (owner, field) in self._docs:
            converted["description"] = self._docs[owner, field]
        if converted.pop("uniqueItems", False):  # an API server refuses the word, and knows one of its own for it
            converted["x-kubernetes-list-type"] = "set"
        if field in DURATIONS:
            converted |= duration(*DURATIONS[field])
        return converted | LISTS.get((owner, field), {}) | PROPERTIES.get((owner, field), {})


def _field_docs() -> dict[tuple[str, str], str]:
    """The string under each annotated attribute of ``kinds``, which Python itself throws away."""
    docs = {}
    for node in _classes():
        for attribute, text in zip(node.body, node.body[1:], strict=False):
            match attribute, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as doc)):
                    docs[node.name, _camel(name)] = inspect.cleandoc(doc)
                case _:
                    pass
    return docs


def _classes() -> Iterator[ast.ClassDef]:
    for module in (decision, definition, saga, shared):
        yield from (node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef))


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
