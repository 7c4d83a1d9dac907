"""``python -m test_provider``: it has one role, so none is named."""

from skald.roles import main

main({"web": "test_provider.app:web"}, ["web"])
