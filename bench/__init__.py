"""Measurements beside peers. Ratios are what counts: absolute numbers belong to one machine."""
