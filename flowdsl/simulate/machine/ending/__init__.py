"""The end of a run as the service performs it: make the outputs, and evaluate the checks."""
