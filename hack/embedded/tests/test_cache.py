from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from hack.embedded.errors import PlatformError
from hack.embedded.parts import cache
from hack.embedded.parts.cache import build_once, cache_folder, content_key, run_tool


def test_the_cache_is_the_users() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/skald")
    assert cache_folder({"XDG_CACHE_HOME": ""}) == Path.home() / ".cache" / "skald"


def test_the_key_changes_with_contents_and_not_with_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("same")
    (tmp_path / "b").write_text("same")
    assert content_key([tmp_path / "a", "go1.25"]) == content_key([tmp_path / "b", "go1.25"])
    assert content_key([tmp_path / "a", "go1.25"]) != content_key([tmp_path / "a", "go1.26"])
    assert content_key(["ab", "c"]) != content_key(["a", "bc"])


def test_a_build_that_fails_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "part-1"

    def fail(fresh: Path) -> None:
        (fresh / "half").touch()
        raise PlatformError("no network")

    with pytest.raises(PlatformError, match="no network"):
        build_once(folder, fail)
    assert [entry.name for entry in folder.parent.iterdir()] == [".part-1.lock"]


def test_two_who_need_a_part_build_it_once(tmp_path: Path) -> None:
    builds = []

    def build(fresh: Path) -> None:
        builds.append(fresh)
        (fresh / "program").touch()

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: build_once(tmp_path / "part", build), range(4)))
    assert len(builds) == 1
    assert all((folder / "program").exists() for folder in folders)


def test_a_tool_that_fails_is_told_with_its_last_lines_and_where_the_rest_is(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    script = "for n in range(50): print('line', n)\nraise SystemExit(3)"
    with pytest.raises(PlatformError, match=r"-c ended with 3") as caught:
        run_tool([sys.executable, "-c", script], log=log)
    assert "line 49" in str(caught.value)
    assert "line 9" not in str(caught.value)
    assert str(log) in caught.value.remedy


def test_a_tool_runs_where_and_with_what_it_is_told(tmp_path: Path) -> None:
    script = "import os; print(os.getcwd(), os.environ['SETTING'])"
    run_tool([sys.executable, "-c", script], log=tmp_path / "log", cwd=tmp_path, env={"SETTING": "on"})
    assert (tmp_path / "log").read_text() == f"{tmp_path} on\n"


@pytest.mark.parametrize(("attempts", "tried", "ends"), [(2, 2, False), (3, 3, True), (5, 3, True)])
def test_a_tool_that_fetches_is_run_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, attempts: int, tried: int, ends: bool
) -> None:
    monkeypatch.setattr(cache, "_PAUSE", 0.0)
    (tries := tmp_path / "tries").mkdir()
    script = "import os; os.mkdir(f'try-{len(os.listdir())}'); raise SystemExit(len(os.listdir()) < 3)"
    with nullcontext() if ends else pytest.raises(PlatformError, match="ended with 1"):
        run_tool([sys.executable, "-c", script], log=tmp_path / "log", cwd=tries, attempts=attempts)
    assert len(list(tries.iterdir())) == tried
