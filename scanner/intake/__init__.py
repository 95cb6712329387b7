"""What the team wrote by hand, read with its line numbers: files, JSON, hosts, references."""
