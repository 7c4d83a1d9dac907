"""Write the CustomResourceDefinitions to the chart, or check that the chart holds what the kinds say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from saga_operator.crds.manifests import manifests

FOLDER = Path("charts/saga-operator/files/crds")
_HEADER = "# Generated from saga_operator/domain/kinds by `python -m saga_operator.crds`; do not edit.\n"


def main() -> int:
    """Run from the repository's root. 1 with --check when a file is missing, stale or left over."""
    arguments = _arguments()
    wanted = {arguments.folder / name: _render(manifest) for name, manifest in manifests().items()}
    if arguments.check:
        return _check(arguments.folder, wanted)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text)
        sys.stdout.write(f"wrote {path}\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m saga_operator.crds", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the files differ")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files lie (default: %(default)s)")
    return parser.parse_args()


def _check(folder: Path, wanted: Mapping[Path, str]) -> int:
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text() != text]
    left_over = sorted(set(folder.glob("*.yaml")) - set(wanted))
    for path in stale + left_over:
        sys.stderr.write(f"{path} is not what domain/kinds says: run `python -m saga_operator.crds`\n")
    return 1 if stale or left_over else 0


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, no anchors: as people write such files."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        return super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _render(manifest: Mapping[str, Any]) -> str:
    return _HEADER + yaml.dump(dict(manifest), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    sys.exit(main())
