import json
from pathlib import Path

from catalog.app import API
from openapi_spec_validator import validate
from skald.openapi import render

COMMITTED = Path(__file__).parents[1] / "openapi.json"


def test_the_committed_document_is_what_the_code_says():
    assert COMMITTED.read_text() == render(API), "python -m skald.openapi catalog.app > services/catalog/openapi.json"


def test_the_document_is_valid_openapi():
    validate(json.loads(COMMITTED.read_text()))
