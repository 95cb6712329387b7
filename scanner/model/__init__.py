"""Frozen types that every floor shares. Standard library only, no I/O."""
