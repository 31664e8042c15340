"""Rules about what a program does: values, paths, bounds and names."""
