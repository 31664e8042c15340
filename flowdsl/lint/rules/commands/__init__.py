"""Rules about terminal commands and keys, which the two drivers read differently."""
