"""Reads values.yaml with its comments, which are the documentation of the values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.instance import REPOSITORY

VALUES: Final = REPOSITORY / "values.yaml"
_SCHEMA: Final = "@schema "


class ValuesError(Exception):
    """Something in values.yaml cannot be documented as it stands; the message has the line."""


@dataclass(frozen=True)
class Value:
    """A key of values.yaml."""

    path: tuple[str, ...]
    text: str
    """The comment above it, as one paragraph."""
    default: Any
    schema: Mapping[str, Any] = field(default_factory=dict)
    """What the comment's ``@schema`` line adds to its JSON Schema."""
    children: Sequence[Value] = ()
    """The keys below it. A value written in one line, or one with a ``$ref``, is a whole and has none."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]

    def below(self) -> Iterator[Value]:
        """All values below it, in their order; of those that are no wholes the ones that say something."""
        for child in self.children:
            if child.text:
                yield child
            yield from child.below()


def read_values(path: Path = VALUES) -> list[Value]:
    """The top-level keys. Raises ValuesError for one without a comment."""
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode), f"{path} is no mapping"
    return list(_values(root, text.splitlines(), ()))


def _values(mapping: yaml.MappingNode, lines: Sequence[str], above: tuple[str, ...]) -> Iterator[Value]:
    for key, node in mapping.value:
        path = (*above, key.value)
        text, schema = _comment(lines, key.start_mark)
        whole = not isinstance(node, yaml.MappingNode) or node.flow_style or "$ref" in schema
        children = () if whole else tuple(_values(node, lines, path))
        if whole and not text:
            raise ValuesError(f"values.yaml:{key.start_mark.line + 1}: {'.'.join(path)} has no comment to document it")
        yield Value(path, text, _plain(node), schema, children)


def _plain(node: yaml.Node) -> Any:
    return yaml.safe_load(yaml.serialize(node))


def _comment(lines: Sequence[str], key: yaml.Mark) -> tuple[str, Mapping[str, Any]]:
    """The comment right above a key, of the same indentation: its text, and its ``@schema``."""
    begin = " " * key.column + "#"
    first = key.line
    while first > 0 and lines[first - 1].startswith(begin):
        first -= 1
    comment = [line.removeprefix(begin).strip() for line in lines[first : key.line]]
    schema: dict[str, Any] = {}
    for line in comment:
        if line.startswith(_SCHEMA):
            schema.update(yaml.safe_load(line.removeprefix(_SCHEMA)))
    return " ".join(line for line in comment if not line.startswith(_SCHEMA)), schema
