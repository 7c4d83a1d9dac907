"""Keeps a Kong node's keys in step with the issuer's key set.

Kong reads no key set by itself, and without a database its configuration can only be replaced as a whole. So beside
each node this program merges identity's public keys into the mounted gateway file and posts the result to the node.
"""
