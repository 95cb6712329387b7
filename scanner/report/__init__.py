"""Host reports rendered for machines and people. Pure."""
