"""Files are read as kubectl reads them, and what would be lost on the way is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kubectl_saga.errors import CliError
from kubectl_saga.files import object_in, read

JSON = dict[str, Any]
DIGITS = "1" * 5000
"""More than Python makes a number of."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input"


def value_of(file: Path, text: str) -> JSON:
    file.write_text(text)
    return object_in(str(file), "an input")


def refusal(file: Path, text: str) -> str:
    with pytest.raises(CliError) as caught:
        value_of(file, text)
    return caught.value.message.removeprefix(f"{file}:")


def test_json_is_read_whatever_it_is_indented_with(file: Path) -> None:
    body = {"orderId": "x", "lines": [{"sku": "harp"}], "note": "a\tb"}
    assert value_of(file, json.dumps(body, indent="\t")) == body
    (document,) = read(str(file))
    assert document.line("lines", 0, "sku") == 5


def test_escapes_of_json_are_the_characters_that_they_are(file: Path) -> None:
    body = {"note": "\U0001f600", "\U0001f600": "a\u2028  b"}
    assert value_of(file, json.dumps(body)) == body
    assert value_of(file, 'note: "\\ud83d\\ude00"') == {"note": "\U0001f600"}


def test_what_yaml_would_stumble_over_stays_as_it_is_in_json(file: Path) -> None:
    body = {"note": "a\u2028  b\x85\x7f", "next": 1}
    text = json.dumps(body, ensure_ascii=False, indent=1)
    assert value_of(file, text) == body


def test_json_that_is_no_yaml_is_read_without_the_lines(file: Path) -> None:
    body = {"k" * 2000: 1, "a": {"b": 2}}
    assert value_of(file, json.dumps(body, indent=1)) == body
    (document,) = read(str(file))
    assert document.line("a", "b") == 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12:30", "12:30"),
        ("1:30.5", "1:30.5"),
        ("190:20:30", "190:20:30"),
        ("2026-11-22", "2026-11-22"),
        ("0x10", 16),
        ("0o17", 15),
        ("017", 15),
        ("1_000", 1000),
        ("-5", -5),
        ("0", 0),
        ("0_", 0),
        ("0_17", 15),
        ("08", 8.0),
        ("-0_9_1", -91.0),
        ("0o", "0o"),
        ("0b12", "0b12"),
        ("=", "="),
        ("1e3", 1000.0),
        ("1.5e-3", 0.0015),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("y", True),
        ("off", False),
        ("~", None),
        ("NaN", "NaN"),
        ('"12"', "12"),
    ],
)
def test_a_plain_word_is_what_it_is_to_kubectl(written: str, value: Any, file: Path) -> None:
    read_as = value_of(file, f"a: {written}")["a"]
    assert (read_as, type(read_as)) == (value, type(value))


def test_a_key_is_text(file: Path) -> None:
    assert value_of(file, "404: a\n-1: b\ntrue: c\nd: e") == {"404": "a", "-1": "b", "true": "c", "d": "e"}


@pytest.mark.parametrize("key", ["on", "yes", "No", "y", "True", "0x10", "1.50", "~", "1_000", "08", "0_"])
def test_a_key_that_kubectl_would_call_otherwise_is_refused(key: str, file: Path) -> None:
    said = refusal(file, f"a: 1\nb: {{{key}: 1}}")
    assert said == f"2: the key {key} is no text to YAML; put it in quotes"
    assert value_of(file, f'"{key}": 1') == {key: 1}


def test_a_key_that_is_given_twice_is_refused(file: Path) -> None:
    twice = "the key a is given twice in one place"
    assert refusal(file, "a: 1\na: 2") == f"2: {twice}"
    assert refusal(file, '{\n\t"b": 1,\n\t"a": {\n\t\t"a": 1,\n\t\t"a": 2\n\t}\n}') == f"5: {twice}"
    assert refusal(file, "x: &x\n  a: 1\n  a: 2\ny1: *x") == f"3: {twice}", "once, though it is there in two places"


def test_what_is_merged_may_be_given_anew(file: Path) -> None:
    text = "base: &b {a: 1,\n  c: 2}\nown:\n  <<: *b\n  a: 3\n"
    assert value_of(file, text)["own"] == {"a": 3, "c": 2}
    (document,) = read(str(file))
    assert (document.line("own", "a"), document.line("own", "c")) == (5, 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: x\x1by", "2: this is not YAML: it has the character #x1b"),
        ("a: 1\n\tb: 2", "2: this is not YAML: found character '\\t' that cannot start any token"),
        ("a: .inf", "1: Kubernetes cannot keep a value in it: Out of range float values are not JSON compliant"),
        ("a: !!binary aGk=", "1: Kubernetes cannot keep a value in it: Object of type bytes is not JSON serializable"),
        ('{"a": "\\ud83d"}', "1: Kubernetes cannot keep a value in it: 'utf-8' codec can't encode character"),
        (f"a: 1\nb: {DIGITS}", f"2: this is not YAML: {DIGITS[:40]}... cannot be read as int"),
        (f'{{"a": 1,\n"b": {DIGITS}}}', f"2: this is not YAML: {DIGITS[:40]}... cannot be read as int"),
        ("a: !!int x", "1: this is not YAML: x cannot be read as int"),
        ("a: !!bool x", "1: this is not YAML: x cannot be read as bool"),
        ("a: !!timestamp x", "1: this is not YAML: x cannot be read as timestamp"),
        ("a: &a [*a]", " what it holds is nested too deeply"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(text: str, sentence: str, file: Path) -> None:
    assert refusal(file, text).startswith(sentence)
