"""Definitions in files: YAML or JSON, one document or many, and where in the file each value stands."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from saga_operator.domain.kinds import GROUP

from kubectl_saga.errors import CliError

JSON = Any
STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something is wrong at a place in a file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Document:
    """One YAML document."""

    def __init__(self, file: str, node: yaml.Node, value: JSON) -> None:
        self.file = file
        self.value = value
        self._node = node

    @property
    def kind(self) -> str | None:
        """What it says it is, if it is an object of the saga API in whichever version."""
        value = self.value
        if not isinstance(value, dict) or str(value.get("apiVersion", "")).partition("/")[0] != GROUP:
            return None
        return str(value.get("kind", ""))

    def line(self, *path: str | int) -> int:
        """Where the value at this path stands, or else the nearest that holds it. The first line is 1."""
        node = self._node
        for part in path:
            following = _child(node, part)
            if following is None:
                break
            node = following
        return int(node.start_mark.line) + 1

    def twice(self) -> Iterator[Problem]:
        """Keys that are given twice, of which YAML would quietly keep the last."""
        yield from (
            Problem(self.file, key.start_mark.line + 1, f"the key {key.value} is given twice in one place")
            for key in _repeated(self._node)
        )


def read(file: str) -> Iterator[Document]:
    """The documents of a file, or of standard input for ``-``. Raises CliError; what was read before stands."""
    name = "stdin" if file == STDIN else file
    try:
        text = sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CliError(f"{file} is no text in UTF-8") from None
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            yield Document(name, node, loader.construct_document(node))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CliError(f"{name}:{line}: this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise CliError(f"{name}:1: this is not YAML: {error}") from None
    finally:
        loader.dispose()


def object_in(file: str, what: str) -> dict[str, JSON]:
    """The one object that a file holds. Raises CliError, which calls it ``what``."""
    documents = list(read(file))
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise CliError(f"{file} must hold one object, {what}")
    value: dict[str, JSON] = documents[0].value
    return value


class _Loader(yaml.SafeLoader):
    """Reads as kubectl does: a date is text. The pure Python one, because only it keeps where a value stands."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None


def _repeated(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            if isinstance(key.value, str):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _repeated(value)
