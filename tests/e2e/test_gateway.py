"""The gateway's suite (tests/gateway), asked of the gateway that the chart installs, by HTTPS.

A test runs here as it runs there: with echoing services, which are pods, behind the gateway.
"""

# ruff: noqa: F401, F403, F405, F811, F821

import pytest

from tests.e2e.edge import NAME, install_edge
from tests.gateway.certificate import make_certificate
from tests.gateway.conftest import gateway, token
from tests.gateway.test_cors import *
from tests.gateway.test_headers import *
from tests.gateway.test_https import (
    test_an_unknown_path_is_not_sent_anywhere,
    test_plain_http_is_sent_to_https_and_reaches_nobody,
)
from tests.gateway.test_limits import *
from tests.gateway.test_log import *
from tests.gateway.test_routing import *
from tests.gateway.test_tokens import *
from tests.gateway.test_upstreams import *

# The node's port hides who asks: all are one address. Metrics are on a port that only pods reach.
del test_the_token_endpoint_has_a_strict_limit_by_address
del test_the_token_endpoint_counts_addresses_whatever_headers_say
del test_where_no_token_is_asked_for_made_up_ones_share_the_bucket_of_their_address
del test_the_gateways_own_numbers_are_on_its_own_port_only


@pytest.fixture(scope="module")
def rig(cluster, current_release, tmp_path_factory):
    image = f"skald/orders:{current_release.tag}"
    folder = tmp_path_factory.mktemp("edge")
    yield install_edge(cluster, image, current_release.options, make_certificate(), folder)
    cluster.kubectl("delete", "namespace", NAME, "--wait=false")


def test_the_token_endpoint_has_a_strict_limit_for_all_who_come_from_one_address(gateway):
    _, refused = spend(lambda: gateway.ask("POST", "/oauth/token"), TOKEN_LIMIT)
    assert 1 <= int(refused["Retry-After"]) <= 60
