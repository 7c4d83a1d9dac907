"""Every error that leaves a service over HTTP, in one shape: RFC 9457 ``application/problem+json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

__all__ = ["PROBLEM_SCHEMA", "PROBLEM_TYPE", "FieldError", "Problem", "json_pointer"]

PROBLEM_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:skald:problem:"

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "What kind of problem it is."},
        "title": {"type": "string", "description": "The kind of problem, in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong with this request."},
        "requestId": {"type": "string", "description": "To quote when asking for help."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "headers", "path", "form"]},
                    "pointer": {"type": "string", "format": "json-pointer"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def json_pointer(path: Sequence[str | int]) -> str:
    """The path as an RFC 6901 pointer: ``("lines", 0, "a/b")`` is ``/lines/0/a~1b``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with the request, and where."""

    location: str
    """body, query, headers, path or form."""
    pointer: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """One element of the problem's ``errors``."""
        return {"in": self.location, "pointer": self.pointer, "detail": self.detail}


@dataclass(eq=False)
class Problem(Exception):
    """Raise it anywhere in a request: the caller gets exactly this."""

    status: int
    code: str
    """Names the kind of problem for programs, for example ``order-not-found``; it ends the ``type`` URI."""
    title: str
    """The kind of problem in words; the same for every occurrence."""
    detail: str = ""
    """What is wrong this time, and what to do about it."""
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.detail or self.title}"

    @classmethod
    def of_status(cls, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
        """The plain problem of an HTTP status, when there is no more to say than its name."""
        phrase = HTTPStatus(status).phrase
        return cls(status, phrase.lower().replace(" ", "-"), phrase, detail, headers=headers or {})

    def as_json(self, request_id: str | None = None) -> dict[str, Any]:
        """The document; members without a value are left out."""
        document: dict[str, Any] = {"type": TYPE_PREFIX + self.code, "title": self.title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if request_id:
            document["requestId"] = request_id
        if self.errors:
            document["errors"] = [error.as_json() for error in self.errors]
        return document
