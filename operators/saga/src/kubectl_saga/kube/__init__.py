"""The Kubernetes API as kubectl reaches it.

Neither ``kubernetes`` nor ``requests`` is used: importing them takes longer than all else that a command does, and kopf
would load the former into the operator, whose image this package is part of.
"""
