"""Which edition of the recogniser judges."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""Raise it whenever a recogniser learns to say something else of a file: what was remembered of
unchanged files is then read again.
"""
