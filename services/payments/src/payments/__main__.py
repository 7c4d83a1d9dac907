"""``python -m payments web | worker | seed``."""

from skald.roles import main

main({"web": "payments.app:web", "worker": "payments.worker:run", "seed": "payments.seed:run"})
