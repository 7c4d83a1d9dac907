"""``python -m orders web | worker``."""

from skald.roles import main

main({"web": "orders.app:web", "worker": "orders.worker:run"})
