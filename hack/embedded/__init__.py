"""The embedded platform: Skald and every real part it needs, as processes on one machine and without containers.

``python -m hack.embedded --help`` is the way in. Reading order: ``up`` (what happens), ``processes`` (what runs),
``parts`` (what is built once), ``supervisor`` (who keeps it running).
"""
