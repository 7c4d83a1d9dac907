"""The CustomResourceDefinitions, generated from ``domain.kinds``: run ``python -m saga_operator.crds``."""

from saga_operator.crds.manifests import manifests

__all__ = ["manifests"]
