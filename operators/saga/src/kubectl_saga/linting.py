"""Every rule of a definition, without a cluster.

First the form: fields, types and limits, as the CustomResourceDefinition has them. A definition that has the right
form is then compiled by the operator's own code, which knows all other rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import jsonschema_rs
import msgspec
from saga_operator.domain.kinds import API_VERSION, SagaDefinition, SagaDefinitionSpec
from saga_operator.domain.model import DefinitionError, compile_definition

from kubectl_saga.advice import advice_on
from kubectl_saga.errors import CliError
from kubectl_saga.files import Document, Problem, read

JSON = Any
KIND: Final = "SagaDefinition"
_LABEL: Final = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_OBJECT_NAME: Final = re.compile(rf"(?!.{{254}}){_LABEL}(\.{_LABEL})*")
_OF_STEP: Final = re.compile(r"step ([a-z][a-z0-9-]*)\b")
_LONGEST: Final = 80
"""Characters that are quoted of a value in the file."""
_KINDS: Final = {
    "string": "text",
    "object": "an object",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_OF_FIELD: Final = re.compile(r"(inputSchema|deadline|defaults|compensationPolicy|concurrency)\b")


def definitions_in(file: str) -> Iterator[Document]:
    """The documents that are SagaDefinitions. Raises CliError."""
    for document in read(file):
        if document.kind == KIND:
            document.insist_on_json()
            yield document


def load(document: Document) -> SagaDefinition:
    """The definition, if its form is right. Raises CliError with everything that is wrong with the form."""
    problems = list(_form(document))
    if problems:
        raise CliError("\n".join(str(problem) for problem in problems))
    return _definition(document)


def problems_in(document: Document) -> list[Problem]:
    """Everything that is wrong with a definition."""
    found = [*document.problems, *_form(document)]
    return found or list(_meaning(document))


def advice_in(document: Document) -> list[Problem]:
    """What may be so and is hardly meant, of a definition without problems."""
    definition = _definition(document)
    sentences = advice_on(definition.spec, compile_definition(definition))
    return [_problem(document, f"advice: {text}", *_path_of(document, text)) for text in sentences]


def _form(document: Document) -> Iterator[Problem]:
    value = document.value
    if value.get("apiVersion") != API_VERSION:
        yield _problem(document, f"apiVersion must be {API_VERSION}, not {value.get('apiVersion')}", "apiVersion")
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not _OBJECT_NAME.fullmatch(name):
        said = "metadata.name is missing" if name is None else f"metadata.name {name!r} is no name for an object"
        yield _problem(
            document, f"{said}; use small letters, digits and dashes, such as place-order-v1", "metadata", "name"
        )
    yield from _notes(document)
    for key in value.keys() - {"apiVersion", "kind", "metadata", "spec", "status"}:
        yield _problem(document, f"the field {key} is unknown", key)
    if "spec" not in value:
        yield _problem(document, "spec is missing")
        return
    for error in _schema().iter_errors(value["spec"]):
        path = ["spec", *error.instance_path, *_unknown(error)[:1]]
        yield _problem(document, f"{_place(document, error.instance_path)}{_sentence(error)}", *path)


def _notes(document: Document) -> Iterator[Problem]:
    """Labels and annotations are text, which YAML does not see in a number or a yes."""
    metadata = document.value.get("metadata")
    for field in ("labels", "annotations"):
        notes = metadata.get(field) if isinstance(metadata, dict) else None
        for name, note in notes.items() if isinstance(notes, dict) else ():
            if not isinstance(note, str):
                text = f"metadata.{field}: {name} must be text, not {_shown(note)}; put it in quotes"
                yield _problem(document, text, "metadata", field, name)


def _meaning(document: Document) -> Iterator[Problem]:
    try:
        compile_definition(_definition(document))
    except DefinitionError as error:
        for text in error.problems:
            yield _problem(document, text, *_path_of(document, text))


def _definition(document: Document) -> SagaDefinition:
    # of the rest of the metadata nothing is needed, and nothing is known to be right
    metadata = {"name": document.value["metadata"]["name"], "namespace": ""}
    body = {"metadata": metadata, "spec": document.value["spec"]}
    return msgspec.convert(body, SagaDefinition)


def _problem(document: Document, text: str, *path: str | int) -> Problem:
    metadata = document.value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return Problem(document.file, document.line(*path), f"{KIND} {name or '(no name)'}: {text}")


@cache
def _schema() -> Any:
    """The form of a spec, from the types that the CustomResourceDefinition is generated from."""
    return jsonschema_rs.validator_for(_without_null(msgspec.json.schema(SagaDefinitionSpec)))


def _without_null(schema: JSON) -> JSON:
    """A field that is there and empty is a mistake, and is told best without alternatives."""
    match schema:
        case {"anyOf": [*alternatives], **rest}:
            real = [_without_null(each) for each in alternatives if each != {"type": "null"}]
            return real[0] if len(real) == 1 else {**rest, "anyOf": real}
        case dict():
            return {key: _without_null(value) for key, value in schema.items()}
        case list():
            return [_without_null(each) for each in schema]
        case _:
            return schema


def _place(document: Document, path: list[str | int]) -> str:
    """Where in the spec, as a person calls it: steps by their name."""
    spec, words, rest = document.value["spec"], "", list(path)
    if len(rest) > 1 and rest[0] == "steps" and isinstance(rest[1], int):
        step = spec["steps"][rest[1]]
        name = step.get("name") if isinstance(step, dict) else None
        words, rest = f"step {name if isinstance(name, str) else rest[1] + 1}: ", rest[2:]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest).removeprefix(".")
    return f"{words}{field}: " if field else words or "spec: "


def _sentence(error: Any) -> str:
    """What is wrong and what would be right; jsonschema_rs's own words where they say both."""
    rule = error.schema_path[-1]
    return _SENTENCES[rule](error) if rule in _SENTENCES else str(error.message)


def _too_much(error: Any) -> str:
    unit = "characters" if isinstance(error.instance, str) else "entries"
    return f"has {len(error.instance)} {unit}, and there may be at most {error.kind.limit}"


def _too_little(error: Any) -> str:
    return f"is empty, and there must be at least {error.kind.limit}"


_SENTENCES: Final[dict[str, Callable[[Any], str]]] = {
    "additionalProperties": lambda error: (
        f"unknown field{'s' * (len(_unknown(error)) > 1)} {', '.join(_unknown(error))}"
    ),
    "required": lambda error: f"{error.message.split(chr(34))[1]} is missing",
    "type": lambda error: (
        f"must be {' or '.join(_KINDS[each] for each in error.kind.types)}, not {_shown(error.instance)}"
    ),
    "enum": lambda error: f"must be {' or '.join(error.kind.options)}, not {_shown(error.instance)}",
    "pattern": lambda error: (
        f"{_shown(error.instance)} is no name; use small letters, digits and dashes, beginning with a letter"
    ),
    "maxItems": _too_much,
    "maxLength": _too_much,
    "minItems": _too_little,
    "minLength": _too_little,
    "uniqueItems": lambda _: "names the same thing twice; once is enough",
}
"""By the keyword of JSON Schema that was broken."""


def _shown(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _unknown(error: Any) -> list[str]:
    if error.schema_path[-1] != "additionalProperties":
        return []
    return re.findall(r"'([^']*)'", str(error.message))


def _path_of(document: Document, text: str) -> list[str | int]:
    """The domain's problems name the step or the field."""
    if of_step := _OF_STEP.match(text):
        steps = document.value["spec"]["steps"]
        return ["spec", "steps", next(place for place, step in enumerate(steps) if step["name"] == of_step[1])]
    if of_field := _OF_FIELD.match(text):
        return ["spec", of_field[1]]
    return ["spec", "steps"] if text.startswith("steps:") else ["spec"]
