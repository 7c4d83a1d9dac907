from dataclasses import dataclass, field

import pytest
from gateway_keys.config import BadInput
from gateway_keys.keeper import Keeper, OutOfStep
from gateway_keys.remote import Unreachable
from joserfc.jwk import RSAKey
from prometheus_client import CollectorRegistry

FILE = "consumers: [{username: users}]"
KEY = RSAKey.generate_key(2048).as_dict(private=False)


@dataclass
class Issuer:
    kids: list[str] = field(default_factory=lambda: ["a"])
    away: bool = False

    def key_set(self):
        if self.away:
            raise Unreachable("identity is away")
        return {"keys": [{**KEY, "kid": kid} for kid in self.kids]}


@dataclass
class Node:
    """As Kong: a hash of what is in force, another one after each start."""

    posts: list[str] = field(default_factory=list)
    in_force: str = "file"
    refuses: bool = False

    def configuration(self):
        return str(hash(self.in_force))

    def configure(self, config):
        if self.refuses:
            raise BadInput("the node refuses it")
        self.posts.append(config)
        self.in_force = config
        return self.configuration()


@pytest.fixture
def world(tmp_path):
    file = tmp_path / "kong.yaml"
    file.write_text(FILE)
    registry = CollectorRegistry()
    issuer, node = Issuer(), Node()
    return issuer, node, Keeper(file, issuer, node, registry, clock=lambda: 42.0), file, registry


def rounds(registry, result):
    return registry.get_sample_value("skald_gateway_keys_rounds_total", {"result": result}) or 0


def test_a_node_in_step_is_left_alone(world):
    _, node, keeper, _, registry = world
    keeper.round()
    keeper.round()
    assert len(node.posts) == 1
    assert rounds(registry, "in-step") == 2
    assert registry.get_sample_value("skald_gateway_keys_in_step_timestamp_seconds") == 42.0


def test_a_new_key_is_posted_beside_the_old_one_and_the_old_one_goes_when_it_is_retired(world):
    issuer, node, keeper, _, registry = world
    keeper.round()
    issuer.kids = ["a", "b"]
    keeper.round()
    assert registry.get_sample_value("skald_gateway_keys_keys") == 2
    issuer.kids = ["b"]
    keeper.round()
    assert '"key": "a"' not in node.in_force
    assert '"key": "b"' in node.in_force


def test_a_changed_file_is_posted(world):
    _, node, keeper, file, _ = world
    keeper.round()
    file.write_text(FILE + "\nservices: [{name: new}]")
    keeper.round()
    assert "new" in node.in_force


def test_a_node_that_started_anew_gets_its_keys_again(world):
    _, node, keeper, _, _ = world
    keeper.round()
    node.in_force = "file"
    keeper.round()
    assert len(node.posts) == 2


def test_a_node_is_not_ready_before_it_has_keys_nor_after_it_lost_them_until_it_takes_them_again(world):
    issuer, node, keeper, _, _ = world
    with pytest.raises(OutOfStep):
        keeper.check()
    issuer.away = True
    keeper.round()
    assert node.posts == []
    with pytest.raises(OutOfStep, match="identity is away"):
        keeper.check()
    issuer.away = False
    keeper.round()
    keeper.check()
    node.in_force, node.refuses = "file", True
    keeper.round()
    with pytest.raises(OutOfStep, match="the node refuses it"):
        keeper.check()
    node.refuses = False
    keeper.round()
    keeper.check()


TROUBLES = {
    "identity is away": ({"away": True}, "unreachable"),
    "identity has no usable key": ({"kids": []}, "refused"),
}


@pytest.fixture(params=TROUBLES.values(), ids=TROUBLES)
def trouble(request):
    return request.param


def suffer(issuer, trouble):
    """From now on the issuer has no keys to tell; returns how a round ends then."""
    changes, result = trouble
    for name, value in changes.items():
        setattr(issuer, name, value)
    return result


def test_a_node_that_starts_anew_while_no_keys_can_be_had_gets_the_last_good_ones(world, trouble):
    issuer, node, keeper, _, registry = world
    keeper.round()
    before = node.in_force
    result = suffer(issuer, trouble)
    node.in_force = "file"
    keeper.round()
    assert node.in_force == before
    keeper.check()
    assert rounds(registry, "in-step") == rounds(registry, result) == 1


def test_a_file_that_changes_while_no_keys_can_be_had_is_posted_with_the_last_good_ones(world, trouble):
    issuer, node, keeper, file, registry = world
    keeper.round()
    result = suffer(issuer, trouble)
    file.write_text(FILE + "\nservices: [{name: new}]")
    keeper.round()
    assert "new" in node.in_force
    assert '"key": "a"' in node.in_force
    keeper.check()
    assert rounds(registry, "in-step") == rounds(registry, result) == 1


@pytest.mark.parametrize("trouble", ["away", "empty", "file gone", "file bad", "refused"])
def test_whatever_goes_wrong_the_old_configuration_stays_and_serves(world, trouble):
    issuer, node, keeper, file, registry = world
    keeper.round()
    before = node.in_force
    match trouble:
        case "away":
            issuer.away = True
        case "empty":
            issuer.kids = []
        case "file gone":
            file.unlink()
        case "file bad":
            file.write_text("[")
        case "refused":
            issuer.kids, node.refuses = ["b"], True
    keeper.round()
    assert node.in_force == before
    keeper.check()
    assert rounds(registry, "refused") + rounds(registry, "unreachable") == 1
