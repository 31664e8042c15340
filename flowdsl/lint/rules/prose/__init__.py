"""Rules about the words of instructions and descriptions."""
