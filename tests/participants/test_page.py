"""docs/participants.md is true to the code."""

from __future__ import annotations

import re

import pytest
from skald.testing.conformance.__main__ import ALL_CHECKS, parser
from skald_wire.identity import NAMESPACE
from skald_wire.names import DEPTH_LIMIT, INPUT_LIMIT, OBJECT_LIMIT, OUTPUT_LIMIT, Header

from .programs import EXAMPLES

PAGE = (EXAMPLES.parents[1] / "docs" / "participants.md").read_text()
ON_COPIES = {Header.REASON, Header.ORIGIN_EXCHANGE, Header.ORIGIN_USER}


def test_every_check_is_listed_with_its_promise_and_what_it_needs():
    rows = [
        f"| `{check.id}` | {check.promise} | {' '.join(f'`{need}`' for need in sorted(check.needs))} |"
        for check in ALL_CHECKS
    ]
    assert re.findall(r"^\| `[RW]\d?-.*$", PAGE, re.MULTILINE) == rows


def test_every_option_of_the_kit_is_explained():
    options = {action.option_strings[0] for action in parser()._actions} - {"-h"}
    assert set(re.findall(r"`(-[a-z-]+)`", PAGE)) == options


def test_every_header_is_explained():
    headers = {value for name, value in vars(Header).items() if not name.startswith("_")} - ON_COPIES
    assert (
        set(re.findall(r"^\| `([a-z-]+)` \| (?:all|commands|compensations|some|replies)", PAGE, re.MULTILINE))
        == headers
    )


@pytest.mark.parametrize("limit", [INPUT_LIMIT, OUTPUT_LIMIT, OBJECT_LIMIT])
def test_limits_are_the_codes(limit):
    assert re.search(rf"\| {limit // 1024} KiB\b", PAGE)


def test_depth_and_namespace_are_the_codes():
    assert f"| {DEPTH_LIMIT} levels |" in PAGE
    assert str(NAMESPACE) in PAGE


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\((\.\./[^)]+)\)", PAGE):
        assert (EXAMPLES.parents[1] / "docs" / target).exists(), target
