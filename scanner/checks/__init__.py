"""The nine failures: one module each, pure functions of observed facts."""
