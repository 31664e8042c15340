"""Cuts tasks out of the statements of a workflow: their extent, results, parameters and names."""
