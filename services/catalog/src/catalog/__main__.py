"""``python -m catalog web | grpc | seed``."""

from skald.roles import main

main({"web": "catalog.app:web", "grpc": "catalog.grpc:run", "seed": "catalog.seed:run"})
