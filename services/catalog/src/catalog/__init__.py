"""Catalog: what the shop sells, and for how much."""
