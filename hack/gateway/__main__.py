"""Compile the gateway file to Envoy's configuration."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import yaml

from hack.gateway import Adapter, GatewayError, compile_gateway, validate


def main(arguments: Sequence[str] | None = None) -> int:
    """1 with the reason when the file cannot be compiled, or Envoy refuses the result."""
    options = _parser().parse_args(arguments)
    try:
        adapter = msgspec.json.decode(options.adapter.read_bytes(), type=Adapter)
        config = compile_gateway(yaml.safe_load(options.file.read_text()), adapter)
        options.out.write_text(json.dumps(config, indent=2) + "\n")
        if options.validate:
            validate(options.out)
    except (GatewayError, msgspec.ValidationError, msgspec.DecodeError, yaml.YAMLError, OSError) as error:
        sys.stderr.write(f"{options.file}: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hack.gateway", description=__doc__)
    compiling = parser.add_subparsers(required=True, metavar="compile").add_parser("compile", help=__doc__)
    compiling.add_argument("file", type=Path, help="the gateway file, gateway-config/kong.yaml")
    compiling.add_argument("--adapter", type=Path, required=True, help="JSON: upstreams, jwks_uri, listen, admin")
    compiling.add_argument("--out", type=Path, required=True, help="where Envoy's configuration goes (JSON)")
    compiling.add_argument("--validate", action="store_true", help="let Envoy read the result")
    return parser


if __name__ == "__main__":
    sys.exit(main())
