"""Is it encrypted, and whose data is it? Generators that ask for byte ranges; no I/O."""
