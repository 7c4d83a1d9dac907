"""What each role of payments needs to know."""

from __future__ import annotations

from pathlib import Path

from skald.settings import StoreSettings, WebSettings, WorkerSettings, env

__all__ = ["PaymentsSeed", "PaymentsWeb", "PaymentsWorker"]


class PaymentsWeb(WebSettings, StoreSettings):
    """Role web."""


class PaymentsWorker(WorkerSettings):
    """Role worker."""

    provider_url: str = env("SKALD_PROVIDER_URL", "base URL of the payment provider", pattern="^https?://")
    tokens_dir: Path = env("SKALD_TOKENS_DIR", "the folder with the token that the provider asks for")


class PaymentsSeed(StoreSettings):
    """Role seed."""
