"""Holds what a service really sends against the schemas in services/contracts. For tests in a checkout only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

__all__ = ["CONTRACTS", "command_errors", "event_errors", "schemas"]

CONTRACTS: Final = Path(__file__).resolve().parents[4] / "contracts"


@cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Every schema document by its path below services/contracts, for example ``events/orders.placed.schema.json``."""
    return {
        str(path.relative_to(CONTRACTS)): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(CONTRACTS.rglob("*.schema.json"))
    }


def command_errors(command: str, side: Literal["input", "output"], value: Mapping[str, Any]) -> list[str]:
    """What is wrong with the body of ``<participant>.<command>`` or with its reply; nothing when it keeps the contract.

    Raises KeyError for a command without a schema.
    """
    return _errors(f"{_schema_id(f'commands/{command}.schema.json')}#/$defs/{side}", value)


def event_errors(event: Mapping[str, Any]) -> list[str]:
    """What is wrong with a CloudEvent as JSON. Raises KeyError when its type has no schema."""
    return _errors(_schema_id(f"events/{event['type']}.schema.json"), event)


def _schema_id(path: str) -> str:
    return str(schemas()[path]["$id"])


@cache
def _registry() -> Registry[Any]:
    resources: Iterable[Resource[Any]] = (Resource.from_contents(document) for document in schemas().values())
    return Registry[Any]().with_resources((str(resource.id()), resource) for resource in resources)


def _errors(reference: str, value: object) -> list[str]:
    validator = Draft202012Validator({"$ref": reference}, registry=_registry(), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
