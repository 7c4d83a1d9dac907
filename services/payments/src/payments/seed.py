"""How the demo user can pay. The tokens are the test provider's; each stands for a card that behaves in its own way."""

from __future__ import annotations

import logging
from typing import Final

from skald.logging import set_up_logging
from skald.mongo import connect_and_wait

from payments.domain import PaymentMethod
from payments.settings import PaymentsSeed
from payments.store import Methods

__all__ = ["METHODS", "run"]

logger = logging.getLogger(__name__)

DEMO_USER: Final = "ada"
METHODS: Final = (
    PaymentMethod("pm_ok", DEMO_USER, "tok_approved", "a card that is approved"),
    PaymentMethod("pm_declined", DEMO_USER, "tok_declined", "a card that is declined"),
    PaymentMethod("pm_slow", DEMO_USER, "tok_slow", "a card that takes its time"),
    PaymentMethod("pm_flaky", DEMO_USER, "tok_fails_2", "a card that works at the third try"),
)


def run() -> None:
    """Store the methods that are not there yet. Safe to repeat."""
    settings = PaymentsSeed.from_env()
    set_up_logging(settings.service, settings.log_level)
    added = Methods(connect_and_wait(settings)).add(METHODS)
    logger.info("stored %d of %d payment methods; the others were there already", len(added), len(METHODS))
