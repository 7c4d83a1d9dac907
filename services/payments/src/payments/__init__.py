"""Payments, and the methods that users pay with."""
