"""``python -m shipping web | worker``."""

from skald.roles import main

main({"web": "shipping.app:web", "worker": "shipping.worker:run"})
