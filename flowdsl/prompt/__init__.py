"""The language that prompts are written in, and read back from."""
