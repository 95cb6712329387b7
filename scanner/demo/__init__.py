"""The replica fleet on loopback and the synthetic data it serves."""
