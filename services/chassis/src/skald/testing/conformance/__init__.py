"""What every participant must keep, whatever it is written in.

The same checks hold a participant to it in two ways: as tests to inherit, for one of this process (``rules``), and as a
program that talks to any queue: ``python -m skald.testing.conformance --help``.
"""

from skald.testing.conformance.rules import CompensationRules, ParticipantRules, PruningRules, Subject

__all__ = ["CompensationRules", "ParticipantRules", "PruningRules", "Subject"]
