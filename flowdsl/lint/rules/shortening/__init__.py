"""Rules about what could be written shorter."""
