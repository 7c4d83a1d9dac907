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
_LONGEST_WORD: Final = 40
"""Characters of a wrong word that are shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something is wrong at a place in a file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Document:
    """One YAML document. ``problems`` are about its keys; without a ``node`` nobody knows where things stand in it."""

    def __init__(self, file: str, node: yaml.Node | None, value: JSON, problems: Sequence[Problem]) -> None:
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
        if (node := self._node) is None:
            return 1
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
    """YAML is not quite all of JSON: what is JSON is read as such."""
    try:
        whole = json.loads(text)
    except ValueError:
        yield from _documents_in_yaml(name, text)
    else:
        yield _document_in_json(name, text, whole)


def _document_in_json(name: str, text: str, value: JSON) -> Document:
    """YAML only says where things stand in it, if it can: a key of 1024 characters and more is none to it."""
    # for this, blanks do as well as the characters that only JSON may have
    loader = _Loader(_Loader.NON_PRINTABLE.sub(" ", text).replace("\t", " "))
    try:
        node = loader.get_single_node()
    except yaml.YAMLError:
        return Document(name, None, value, ())
    finally:
        loader.dispose()
    return Document(name, node, value, () if node is None else _each_once(_problems_of_keys(name, node)))


def _documents_in_yaml(name: str, text: str) -> Iterator[Document]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            # before the node is read, because reading moves what ``<<`` refers to in among its own keys
            problems = _each_once(_problems_of_keys(name, node))
            yield Document(name, node, loader.construct_document(node), problems)
    finally:
        loader.dispose()


def _each_once(problems: Iterator[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))


class _Loader(yaml.SafeLoader):
    """Reads as kubectl does. The pure Python one, because only it keeps where a value stands."""

    bool_values: ClassVar = {**yaml.SafeLoader.bool_values, "y": True, "n": False}

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        """A pair of escapes that is one character to JSON is one here too."""
        node = super().compose_scalar_node(anchor)
        node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        """A word that is not what it is said to be, or a number of too many digits, is wrong at a place in the file."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError):
            word, kind = str(node.value), node.tag.removeprefix(_TAG)
            shown = word if len(word) <= _LONGEST_WORD else f"{word[:_LONGEST_WORD]}..."
            problem = f"{shown} cannot be read as {kind}"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from None


_AS_KUBECTL: Final = {
    f"{_TAG}bool": re.compile("(y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"),
    f"{_TAG}int": re.compile("[-+]?(0b[01][01_]*|0[0-7_]*|0o[0-7][0-7_]*|0x[0-9a-fA-F][0-9a-fA-F_]*|[1-9][0-9_]*)$"),
    f"{_TAG}float": re.compile(
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)|\.[0-9]+([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$"
        r"|[-+]?0[0-9_]*[89][0-9_]*$"
        r"|\.(nan|NaN|NAN)$"
    ),
}
"""What plain words are, where PyYAML has another idea: 12:30 is text and no number to the base of 60, and 08, which
cannot be octal, is a float."""
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, _AS_KUBECTL.get(tag, pattern))
        for tag, pattern in resolvers
        if tag not in (f"{_TAG}timestamp", f"{_TAG}value")  # a date is text, and so is =
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
