from pathlib import Path

import pytest

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.kind import checkout as module
from hack.kind.checkout import OWN, Checkout, previous_release
from hack.kind.listing import listing
from hack.kind.wheels import locked
from hack.kind.workloads import OFFICIAL, STAND_INS


def test_every_deployable_has_a_dockerfile_and_every_official_image_a_stand_in() -> None:
    assert all((REPOSITORY / folder / "Dockerfile").exists() for folder in OWN.values())
    assert all((STAND_INS / image.split(":")[0] / "Dockerfile").exists() for image in OFFICIAL)


def test_dockerfiles_differ_in_their_sources_and_entry_point_alone() -> None:
    def common(folder: str) -> list[str]:
        lines = (REPOSITORY / folder / "Dockerfile").read_text().split("FROM ${BASE} AS own")[0].splitlines()
        return lines[1:]

    assert len({tuple(common(folder)) for folder in OWN.values()}) == 1


def _lay_out(path: Path, source: str) -> Checkout:
    files = [f"requirements/{name}.lock" for name in ("runtime", "build")]
    for folder in (*OWN.values(), "services/chassis", "services/contracts"):
        files += [
            f"{folder}/pyproject.toml",
            f"{folder}/src/it/__init__.py",
            f"{folder}/src/__pycache__/of-{path.name}",
        ]
    for file in files:
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).write_text(path.name if "__pycache__" in file else source)
    return Checkout.at(path)


def test_the_tag_of_images_follows_their_sources_and_not_the_place_where_they_lie(tmp_path: Path) -> None:
    here, there = _lay_out(tmp_path / "here", "x = 1"), _lay_out(tmp_path / "there", "x = 1")
    assert here.tag == there.tag
    (there.path / "services" / "chassis" / "src" / "it" / "__init__.py").write_text("x = 2")
    assert Checkout.at(there.path).tag != here.tag


def test_stand_ins_are_named_where_no_registry_answers_and_there_alone() -> None:
    checkout = Checkout(REPOSITORY, "dev-1")
    official, made = checkout.options(registry=True), checkout.options(registry=False)
    assert [option for option in made if option not in official] == [f"--values={module.STAND_IN_VALUES}"]
    assert "--set=global.image.tag=dev-1" in official


def test_a_previous_release_that_this_clone_lacks_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "previous-release"
    named.write_text("0123456789012345678901234567890123456789\n")
    monkeypatch.setattr(module, "PREVIOUS_RELEASE", named)
    with pytest.raises(PlatformError, match="does not have 0123456789") as raised:
        previous_release(tmp_path)
    assert "git fetch --unshallow" in raised.value.remedy
    assert list(tmp_path.iterdir()) == [named]


def test_each_image_has_a_listing_of_its_own() -> None:
    images = Checkout(REPOSITORY, "dev-1").images
    assert len({listing(image) for image in images}) == len(images)
    assert listing("skald/orders:dev-1").name == "orders-dev-1.cdx.json"


def test_a_package_is_found_in_a_lock_with_all_its_hashes() -> None:
    lock = "a==1 \\\n    --hash=sha256:1\nb==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\nc==3\n"
    assert locked("b", lock) == "b==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"


def test_a_package_that_is_not_locked_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(PlatformError) as raised:
        locked("nothing", "a==1\n")
    assert raised.value.remedy == "run: make lock"
