"""What each role of shipping needs to know."""

from __future__ import annotations

from skald.settings import StoreSettings, WebSettings, WorkerSettings

__all__ = ["ShippingWeb", "ShippingWorker"]


class ShippingWeb(WebSettings, StoreSettings):
    """Role web."""


class ShippingWorker(WorkerSettings):
    """Role worker."""
