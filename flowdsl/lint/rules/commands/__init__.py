"""Rules about terminal commands and keys, which the drivers in the field read differently."""
