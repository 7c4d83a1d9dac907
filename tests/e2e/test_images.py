"""The listings that `make images` writes say what is really in the images that run."""

import json
import re

import pytest

from hack.embedded.instance import REPOSITORY
from hack.kind.checkout import OWN
from hack.kind.listing import listing

LOCK = REPOSITORY / "requirements" / "runtime.lock"
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))


@pytest.mark.parametrize("image", OWN)
def test_an_image_has_a_listing_with_its_python_packages_its_own_and_those_of_its_system(installed, image):
    document = json.loads(listing(f"skald/{image}:{installed.tag}").read_text())
    assert document["bomFormat"] == "CycloneDX"
    held = {component["name"]: component.get("version") for component in document["components"]}
    for package in ("flask", "pika", "pymongo", "grpcio"):
        assert held[package] == LOCKED[package]
    assert {image, "skald-contracts", "libc6"} <= set(held)
    assert "pip" not in held
