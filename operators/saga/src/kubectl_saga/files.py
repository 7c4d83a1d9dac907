"""Definitions in files: YAML or JSON, one document or many, and where in the file each value stands."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml
from saga_operator.domain.kinds import GROUP

from kubectl_saga.errors import CliError

JSON = Any
STDIN: Final = "-"
_TAG: Final = "tag:yaml.org,2002:"
_KEY_AS_WRITTEN: Final = re.compile(r"true|false|-?[1-9][0-9]*|0")
"""What kubectl makes text of in the way it is written, where it is a key."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something is wrong at a place in a file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Document:
    """One YAML document. ``problems`` are about its keys."""

    def __init__(self, file: str, node: yaml.Node, value: JSON, problems: Sequence[Problem]) -> None:
        self.file = file
        self.value = value
        self.problems = problems
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

    def insist_on_json(self) -> None:
        """YAML knows more: bytes, infinity, a list within itself. Raises CliError."""
        try:
            json.dumps(self.value, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise CliError(f"{self.file}:{self.line()}: Kubernetes cannot keep a value in it: {error}") from None


def read(file: str) -> Iterator[Document]:
    """The documents of a file, or of standard input for ``-``. Raises CliError; what was read before stands."""
    name = "stdin" if file == STDIN else file
    text = _text(file)
    try:
        yield from _documents(name, text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise CliError(f"{name}:{line}: this is not YAML: it has the character #x{error.character:02x}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CliError(f"{name}:{line}: this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise CliError(f"{name}:1: this is not YAML: {error}") from None
    except RecursionError:
        raise CliError(f"{name}: what it holds is nested too deeply") from None


def object_in(file: str, what: str) -> dict[str, JSON]:
    """The one object that a file holds. Raises CliError, which calls it ``what``."""
    documents = list(read(file))
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise CliError(f"{file} must hold one object, {what}")
    if problems := documents[0].problems:
        raise CliError("\n".join(map(str, problems)))
    documents[0].insist_on_json()
    value: dict[str, JSON] = documents[0].value
    return value


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CliError(f"{file} is no text in UTF-8") from None


def _documents(name: str, text: str) -> Iterator[Document]:
    """YAML is not quite all of JSON: what is JSON is read as such, and YAML only says where things stand in it."""
    try:
        whole = [json.loads(text)]
    except ValueError:
        whole = []
    # for where things stand, blanks do as well as the characters that only JSON may have
    loader = _Loader(_Loader.NON_PRINTABLE.sub(" ", text).replace("\t", " ") if whole else text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            # before the node is read, because reading moves what ``<<`` refers to in among its own keys
            problems = tuple(dict.fromkeys(_problems_of_keys(name, node)))
            yield Document(name, node, whole[0] if whole else loader.construct_document(node), problems)
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Reads as kubectl does. The pure Python one, because only it keeps where a value stands."""

    bool_values: ClassVar = {**yaml.SafeLoader.bool_values, "y": True, "n": False}

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        """A pair of escapes that is one character to JSON is one here too."""
        node = super().compose_scalar_node(anchor)
        node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return node


_AS_KUBECTL: Final = {
    f"{_TAG}bool": re.compile("(y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"),
    f"{_TAG}int": re.compile("[-+]?(0b[01][01_]*|0o?[0-7][0-7_]*|0x[0-9a-fA-F][0-9a-fA-F_]*|[1-9][0-9_]*|0)$"),
    f"{_TAG}float": re.compile(
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)|\.[0-9]+([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$"
        r"|\.(nan|NaN|NAN)$"
    ),
}
"""What plain words are, where PyYAML has another idea: 12:30 is text and no number to the base of 60."""
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, _AS_KUBECTL.get(tag, pattern))
        for tag, pattern in resolvers
        if tag != f"{_TAG}timestamp"  # a date is text
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # of several, the last one counts, and what comes from ``<<`` stands first
        return next((value for key, value in reversed(node.value) if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None


def _problems_of_keys(name: str, node: yaml.Node) -> Iterator[Problem]:
    """What YAML would quietly pass over. Makes text of all keys, because they are text in JSON."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _problems_of_keys(name, item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != f"{_TAG}merge":
                yield from (Problem(name, key.start_mark.line + 1, text) for text in _problems_of_key(key, seen))
                key.tag = f"{_TAG}str"
                seen.add(key.value)
            yield from _problems_of_keys(name, value)


def _problems_of_key(key: yaml.ScalarNode, seen: set[str]) -> Iterator[str]:
    if key.tag != f"{_TAG}str" and not _KEY_AS_WRITTEN.fullmatch(key.value):
        yield f"the key {key.value or '(none)'} is no text to YAML; put it in quotes"
    if key.value in seen:
        yield f"the key {key.value} is given twice in one place"
