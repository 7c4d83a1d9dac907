import json

import pytest
from gateway_keys.config import BadInput, merged, public_keys
from joserfc.jwk import ECKey, RSAKey

FILE = "_format_version: '3.0'\nconsumers:\n  - username: users\nservices: []\n"


def published(*kids: str) -> dict[str, object]:
    return {"keys": [{**KEY.as_dict(private=False), "kid": kid, "use": "sig", "alg": "RS256"} for kid in kids]}


KEY = RSAKey.generate_key(2048)


def test_keys_become_secrets_of_the_users_sorted_by_kid():
    config = json.loads(merged(FILE, public_keys(published("b", "a"))))
    secrets = config["consumers"][0]["jwt_secrets"]
    assert [secret["key"] for secret in secrets] == ["a", "b"]
    assert {secret["algorithm"] for secret in secrets} == {"RS256"}
    assert all(secret["rsa_public_key"].startswith("-----BEGIN PUBLIC KEY-----") for secret in secrets)


def test_the_rest_of_the_file_stays():
    assert json.loads(merged(FILE, {"a": "PEM"}))["services"] == []


def test_the_same_input_gives_the_same_text():
    assert merged(FILE, {"a": "1", "b": "2"}) == merged(FILE, {"b": "2", "a": "1"})


def test_a_private_key_that_was_published_by_mistake_is_not_passed_on():
    keys = public_keys({"keys": [{**KEY.as_dict(private=True), "kid": "a"}]})
    assert "PRIVATE" not in keys["a"]


def test_keys_of_other_kinds_are_left_out():
    other = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "ec"}
    encryption = {**KEY.as_dict(private=False), "kid": "enc", "use": "enc"}
    nameless = {key: value for key, value in KEY.as_dict(private=False).items() if key != "kid"}
    keys = public_keys({"keys": [other, encryption, nameless, *published("a")["keys"]]})
    assert list(keys) == ["a"]


@pytest.mark.parametrize("key_set", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": ["x"]}])
def test_a_key_set_without_a_usable_key_is_refused(key_set):
    with pytest.raises(BadInput):
        public_keys(key_set)


def test_a_broken_key_is_refused_by_its_name():
    with pytest.raises(BadInput, match="broken"):
        public_keys({"keys": [{"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}]})


@pytest.mark.parametrize("file", ["[", "a", "consumers: []", "consumers: [{username: other}]"])
def test_a_file_that_has_no_users_is_refused(file):
    with pytest.raises(BadInput):
        merged(file, {"a": "PEM"})
