import pytest
import yaml

from hack.kind.cluster import GATEWAY_PORT, PORTS, full_name, holds, kind_config, without_forwarding

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
def test_a_cluster_has_two_nodes_that_take_pods_and_their_ports_on_loopback_only(own_nodes: bool) -> None:
    config = kind_config(own_nodes=own_nodes)
    assert [node["role"] for node in config["nodes"]] == ["control-plane", "worker"]
    mappings = config["nodes"][0]["extraPortMappings"]
    assert GATEWAY_PORT in PORTS
    assert mappings == [{"containerPort": port, "hostPort": port, "listenAddress": "127.0.0.1"} for port in PORTS]
    assert yaml.safe_load(config["kubeadmConfigPatches"][0])["nodeRegistration"] == {"taints": []}


def test_kinds_own_nodes_keep_kinds_own_network() -> None:
    assert "networking" not in kind_config(own_nodes=False)


LISTING = """\
REF                             TYPE                                       DIGEST
docker.io/library/mongo:8       application/vnd.oci.image.manifest.v1+json sha256:aa 667.5 MiB linux/amd64
docker.io/skald/orders:dev-1    application/vnd.oci.image.manifest.v1+json sha256:bb 376.2 MiB linux/amd64
sha256:11                       application/vnd.oci.image.manifest.v1+json sha256:aa 667.5 MiB linux/amd64
"""


@pytest.mark.parametrize(
    ("image", "identity", "held"),
    [
        ("mongo:8", "sha256:11", True),
        # the name is there, but for an image that the daemon has replaced since
        ("mongo:8", "sha256:12", False),
        ("skald/orders:dev-1", "sha256:11", False),
        # the same image, under a name that the nodes do not know
        ("skald/orders:dev-2", "sha256:11", False),
    ],
)
def test_a_node_holds_an_image_if_it_is_the_same_one_under_that_name(image: str, identity: str, held: bool) -> None:
    assert holds(LISTING, image, identity) == held


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("mongo:8", "docker.io/library/mongo:8"),
        ("skald/orders:dev-1", "docker.io/skald/orders:dev-1"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
    ],
)
def test_containerd_spells_names_out(short: str, full: str) -> None:
    assert full_name(short) == full
