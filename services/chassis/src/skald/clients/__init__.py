"""Calls to other services: one client object per target, and no call without a deadline."""
