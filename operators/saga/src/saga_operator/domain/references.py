"""References such as $(input.orderId) and $(steps.reserve.output.id): parsed once, resolved for each saga.

A value that is one whole reference keeps its JSON type; a reference inside text becomes text. Keys hold no references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from skald_wire import NotRepresentable, canonical

JSON = Any
_OPENING: Final = "$("
_SPAN: Final = re.compile(r"\$\(([^()]*)\)")
_FIELD: Final = r"[A-Za-z0-9_-]+"
_INPUT: Final = re.compile(rf"input((?:\.{_FIELD})+)")
_OUTPUT: Final = re.compile(rf"steps\.({_FIELD})\.output((?:\.{_FIELD})+)")


class BadReference(ValueError):
    """A text that opens a reference but is none; the message names the text and the known forms."""


class Unresolvable(LookupError):
    """The saga does not hold what a reference names, or it cannot be sent; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``$(input.PATH)``, or ``$(steps.NAME.output.PATH)`` when ``step`` is given."""

    step: str | None
    path: tuple[str, ...]

    def __str__(self) -> str:
        source = "input" if self.step is None else f"steps.{self.step}.output"
        return f"$({'.'.join((source, *self.path))})"


@dataclass(frozen=True, slots=True)
class _Text:
    parts: tuple[str | Reference, ...]


@dataclass(frozen=True, slots=True)
class _Constant:
    value: JSON


@dataclass(frozen=True, slots=True)
class _Object:
    fields: tuple[tuple[str, _Node], ...]


@dataclass(frozen=True, slots=True)
class _Array:
    items: tuple[_Node, ...]


_Node = Reference | _Text | _Constant | _Object | _Array
Outputs = Callable[[str], Mapping[str, JSON] | None]
"""A step's output by the step's name; None for a step that has none."""


@dataclass(frozen=True, slots=True)
class Template:
    """An ``input`` with its references parsed."""

    node: _Node
    references: tuple[Reference, ...]

    def resolve(self, saga_input: Mapping[str, JSON], outputs: Outputs) -> dict[str, JSON]:
        """The input to send. Raises Unresolvable."""
        value = _resolve(self.node, saga_input, outputs)
        if not isinstance(value, dict):
            raise TypeError(f"a command's input must be an object, not {type(value).__name__}")
        return value


def parse(value: Mapping[str, JSON]) -> Template:
    """Raises BadReference."""
    node = _parse(value)
    return Template(node, tuple(_references(node)))


def parse_one(text: str) -> Reference:
    """A text that must be one whole reference. Raises BadReference."""
    node = _parse(text)
    if not isinstance(node, Reference):
        raise BadReference(f"{text!r} must be one reference, such as $(input.NAME)")
    return node


def lookup(reference: Reference, saga_input: Mapping[str, JSON], outputs: Outputs) -> JSON:
    """The value that the reference names. Raises Unresolvable."""
    value: JSON = saga_input if reference.step is None else outputs(reference.step)
    if value is None:
        raise Unresolvable(f"{reference}: the step {reference.step} has no output")
    for depth, name in enumerate(reference.path):
        value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            raise Unresolvable(f"{reference}: there is no field {'.'.join(reference.path[: depth + 1])}")
    return value


def as_text(reference: Reference, saga_input: Mapping[str, JSON], outputs: Outputs) -> str:
    """The value that the reference names, inside text: strings as they are, anything else as canonical JSON.

    Raises Unresolvable, also where the value is there but cannot travel: a rounded number would name something else.
    """
    value = lookup(reference, saga_input, outputs)
    if isinstance(value, str):
        return value
    try:
        return canonical(value).decode()
    except NotRepresentable as error:
        raise Unresolvable(f"{reference} cannot become text: {error}") from None


def _parse(value: JSON) -> _Node:
    match value:
        case str() if _OPENING in value:
            return _parse_text(value)
        case Mapping():
            fields = tuple((_key(name), _parse(item)) for name, item in value.items())
            return _Constant(value) if all(isinstance(node, _Constant) for _, node in fields) else _Object(fields)
        case list():
            items = tuple(_parse(item) for item in value)
            return _Constant(value) if all(isinstance(node, _Constant) for node in items) else _Array(items)
        case _:
            return _Constant(value)


def _key(name: str) -> str:
    if _SPAN.search(name):
        raise BadReference(f"the key {name!r} holds a reference, which only a value may; it would be sent as it stands")
    return name


def _parse_text(text: str) -> Reference | _Text:
    parts: list[str | Reference] = []
    position = 0
    for span in _SPAN.finditer(text):
        parts += [text[position : span.start()], _parse_reference(span[1], text)]
        position = span.end()
    parts.append(text[position:])
    if any(isinstance(part, str) and _OPENING in part for part in parts):
        raise BadReference(f"{text!r} opens a reference that is not closed")
    kept = tuple(part for part in parts if part != "")
    only = kept[0] if len(kept) == 1 else None
    return only if isinstance(only, Reference) else _Text(kept)


def _parse_reference(inside: str, text: str) -> Reference:
    if of_input := _INPUT.fullmatch(inside):
        return Reference(None, tuple(of_input[1][1:].split(".")))
    if of_output := _OUTPUT.fullmatch(inside):
        return Reference(of_output[1], tuple(of_output[2][1:].split(".")))
    raise BadReference(f"$({inside}) in {text!r} is neither $(input.PATH) nor $(steps.NAME.output.PATH)")


def _references(node: _Node) -> Iterator[Reference]:
    match node:
        case Reference():
            yield node
        case _Text(parts):
            yield from (part for part in parts if isinstance(part, Reference))
        case _Object(fields):
            for _, item in fields:
                yield from _references(item)
        case _Array(items):
            for item in items:
                yield from _references(item)
        case _Constant():
            return


def _resolve(node: _Node, saga_input: Mapping[str, JSON], outputs: Outputs) -> JSON:
    match node:
        case _Constant(value):
            return value
        case Reference():
            return lookup(node, saga_input, outputs)
        case _Object(fields):
            return {name: _resolve(item, saga_input, outputs) for name, item in fields}
        case _Array(items):
            return [_resolve(item, saga_input, outputs) for item in items]
        case _Text(parts):
            return "".join(part if isinstance(part, str) else as_text(part, saga_input, outputs) for part in parts)
