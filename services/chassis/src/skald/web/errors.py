"""Turns whatever goes wrong in a request into a problem document."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from apiflask import APIFlask, HTTPError
from flask import Response, jsonify
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pymongo.errors import ConnectionFailure
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from skald.effects import Contended
from skald.mongo import StoreUnavailable
from skald.problems import PROBLEM_TYPE, FieldError, Problem, json_pointer
from skald.web.scope import request_id

__all__ = ["install_error_handlers"]

logger = logging.getLogger(__name__)

_LOCATIONS: Final[Mapping[str, str]] = {
    "json": "body",
    "query": "query",
    "headers": "headers",
    "path": "path",
    "form": "form",
}
_WORDING: Final[Mapping[str, str]] = {
    "extra_forbidden": "There is no such name here",
    "missing": "It is required",
    "model_type": "It must be a JSON object",
}
"""Where pydantic's own words speak of Python."""


def install_error_handlers(app: APIFlask) -> None:
    """Registers the handlers; they stand in for Flask's and APIFlask's own."""
    app.register_error_handler(Problem, _from_problem)
    app.register_error_handler(HTTPException, _from_http_exception)
    app.register_error_handler(HTTPError, _from_validation)
    app.register_error_handler(StoreUnavailable, _from_lost_database)
    app.register_error_handler(ConnectionFailure, _from_lost_database)
    app.register_error_handler(Contended, _from_contention)


def _from_problem(problem: Problem) -> Response:
    if problem.status >= 500:
        logger.warning("%s", problem)
    return _answer(problem)


def _answer(problem: Problem) -> Response:
    response = jsonify(problem.as_json(request_id()))
    response.status_code = problem.status
    response.mimetype = PROBLEM_TYPE
    response.headers.update(problem.headers)
    return response


def _from_http_exception(error: HTTPException) -> Response:
    """Flask's own: unknown paths, methods, too large bodies, and InternalServerError around what nobody caught."""
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return _answer(Problem.of_status(error.code or 500, _detail(error), headers))


def _detail(error: HTTPException) -> str:
    match error.code:
        case 404:
            return "There is nothing at this path."
        case 405:
            return f"This path takes {', '.join(sorted(getattr(error, 'valid_methods', None) or []))}."
        case 413 if isinstance(error, RequestEntityTooLarge):
            return "The body is larger than this service takes."
        case code if code is not None and code >= 500:
            return "It is our fault; the request id leads to the cause in our logs."
        case _:
            return error.description or ""


def _from_validation(error: HTTPError) -> Response:
    """APIFlask's: input that the route's model refuses."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return _answer(Problem.of_status(error.status_code, error.message or ""))
    location = _LOCATIONS.get(next(iter(error.detail)), "body")
    errors = [_field_error(location, item) for item in cause.errors(include_url=False)]
    detail = f"There {'is 1 error' if len(errors) == 1 else f'are {len(errors)} errors'} in the {location}."
    status = 400 if location == "headers" else 422
    return _answer(Problem(status, "invalid-input", "Input not accepted", detail, errors))


def _field_error(location: str, item: ErrorDetails) -> FieldError:
    path = item["loc"]
    if location == "headers":
        path = tuple("-".join(part.capitalize() for part in str(part).split("_")) for part in path)
    return FieldError(location, json_pointer(path), _WORDING.get(item["type"], item["msg"]))


def _from_lost_database(error: Exception) -> Response:
    logger.error("the database cannot be reached: %s", error)
    detail = "The service cannot reach its database; the same request may succeed in a moment."
    return _answer(Problem(503, "database-unavailable", "Not available now", detail, headers={"Retry-After": "1"}))


def _from_contention(error: Contended) -> Response:
    logger.warning("gave up a write: %s", error)
    detail = "Others change the same thing at the same time; the same request may succeed in a moment."
    return _answer(Problem(503, "contended", "Not available now", detail, headers={"Retry-After": "1"}))
