"""What lies in the chart is what the operator's types say, and is plain YAML."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

FILES = Path("charts/saga-operator/files")
CRDS = sorted(FILES.glob("crds/*.yaml"))


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "saga_operator.crds", "--check", "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_chart_holds_what_the_kinds_say():
    done = check(FILES / "crds")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("damage", ["changed", "missing", "left over"])
def test_drift_is_found_and_named(tmp_path, damage):
    for path in CRDS:
        (tmp_path / path.name).write_text(path.read_text())
    culprit = tmp_path / ("old.yaml" if damage == "left over" else CRDS[0].name)
    if damage == "missing":
        culprit.unlink()
    else:
        culprit.write_text("kind: CustomResourceDefinition\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert str(culprit) in done.stderr
    assert "python -m saga_operator.crds" in done.stderr


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.yaml")), ids=str)
def test_a_file_is_yaml_that_kubectl_reads_and_no_template(path):
    text = path.read_text()
    assert "{{" not in text
    assert all(manifest["kind"] for manifest in yaml.safe_load_all(text))


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.stem)
def test_every_column_and_selectable_field_exists_in_the_schema(path):
    version = yaml.safe_load(path.read_text())["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]
    paths = [column["jsonPath"] for column in version["additionalPrinterColumns"]]
    paths += [selectable["jsonPath"] for selectable in version.get("selectableFields", [])]
    for top, field, *_ in (path.strip(".").split(".") for path in paths if not path.startswith(".metadata")):
        assert field.partition("[")[0] in schema[top]["properties"], f"{path}: {top}.{field}"


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.stem)
def test_I1_no_schema_has_a_default_but_the_phase_pending(path):
    defaults = []

    def walk(schema, at):
        if isinstance(schema, dict):
            if "default" in schema and isinstance(schema.get("type"), str):
                defaults.append((at, schema["default"]))
            for key, value in schema.items():
                walk(value, f"{at}.{key}")

    walk(yaml.safe_load(path.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"], "")
    expected = [(".status", {"phase": "Pending"}), (".status.properties.phase", "Pending")]
    assert defaults == (expected if path.stem == "sagas" else [])
