import pytest
import yaml

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.kind.cluster import GATEWAY_PORT, kind_config, without_forwarding
from hack.kind.workloads import OFFICIAL, OWN, STAND_INS, locked, own_tag

COREFILE = """\
.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
}
"""


def test_dns_that_answers_for_the_cluster_alone_neither_forwards_nor_looks_for_loops() -> None:
    assert without_forwarding(COREFILE) == (
        ".:53 {\n    errors\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n    }\n"
        "    cache 30\n    reload\n}\n"
    )


def test_forwarding_without_a_block_goes_too() -> None:
    assert without_forwarding("a\n    forward . 1.1.1.1\nb\n") == "a\nb\n"


@pytest.mark.parametrize("own_nodes", [True, False])
def test_a_cluster_has_two_nodes_that_take_pods_and_a_gateway_on_loopback_only(own_nodes: bool) -> None:
    config = kind_config(own_nodes=own_nodes)
    assert [node["role"] for node in config["nodes"]] == ["control-plane", "worker"]
    (mapping,) = config["nodes"][0]["extraPortMappings"]
    assert mapping == {"containerPort": GATEWAY_PORT, "hostPort": GATEWAY_PORT, "listenAddress": "127.0.0.1"}
    assert yaml.safe_load(config["kubeadmConfigPatches"][0])["nodeRegistration"] == {"taints": []}


def test_kinds_own_nodes_keep_kinds_own_network() -> None:
    assert "networking" not in kind_config(own_nodes=False)


def test_every_deployable_has_a_dockerfile_and_every_official_image_a_stand_in() -> None:
    assert all((REPOSITORY / folder / "Dockerfile").exists() for folder in OWN.values())
    assert all((STAND_INS / image.split(":")[0] / "Dockerfile").exists() for image in OFFICIAL)


def test_dockerfiles_differ_in_their_sources_and_entry_point_alone() -> None:
    def common(folder: str) -> list[str]:
        lines = (REPOSITORY / folder / "Dockerfile").read_text().split("FROM ${BASE} AS own")[0].splitlines()
        return lines[1:]

    assert len({tuple(common(folder)) for folder in OWN.values()}) == 1


def test_the_tag_is_the_same_for_the_same_sources() -> None:
    assert own_tag() == own_tag()


def test_a_package_is_found_in_a_lock_with_all_its_hashes() -> None:
    lock = "a==1 \\\n    --hash=sha256:1\nb==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\nc==3\n"
    assert locked("b", lock) == "b==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"


def test_a_package_that_is_not_locked_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(PlatformError) as raised:
        locked("nothing", "a==1\n")
    assert raised.value.remedy == "run: make lock"
