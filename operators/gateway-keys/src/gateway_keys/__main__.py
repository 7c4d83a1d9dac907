"""``python -m gateway_keys``: a round every few seconds until SIGTERM."""

from __future__ import annotations

import sys

import urllib3
from prometheus_client import REGISTRY
from skald.ending import Ending
from skald.health import HealthServer, Readiness
from skald.logging import set_up_logging
from skald.settings import SettingsError

from gateway_keys.keeper import EVERY, Keeper
from gateway_keys.remote import Issuer, Node
from gateway_keys.settings import GatewayKeysSettings


def main() -> int:
    """Exit status 2 for a bad environment, 0 after SIGTERM."""
    try:
        settings = GatewayKeysSettings.from_env()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    set_up_logging(settings.service, settings.log_level)
    http = urllib3.PoolManager()
    issuer, node = Issuer(http, settings.jwks_url), Node(http, settings.kong_admin)
    keeper = Keeper(settings.kong_file, issuer, node, REGISTRY)
    ending = Ending()
    ending.heed_signals()
    health = HealthServer(settings.metrics_bind, Readiness(keeper.check))
    health.start()
    keeper.round()
    while not ending.told_within(EVERY):
        keeper.round()
    health.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
