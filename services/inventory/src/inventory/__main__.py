"""``python -m inventory web | worker | seed``."""

from skald.roles import main

main({"web": "inventory.app:web", "worker": "inventory.worker:run", "seed": "inventory.seed:run"})
