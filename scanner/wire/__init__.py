"""Bytes and text in, facts out. No I/O."""
