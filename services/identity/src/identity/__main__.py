"""``python -m identity web | seed``."""

from skald.roles import main

main({"web": "identity.app:web", "seed": "identity.seed:run"})
