"""Questions for one protocol, answered as observations."""
