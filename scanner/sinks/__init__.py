"""Deliver finished text: files today."""
