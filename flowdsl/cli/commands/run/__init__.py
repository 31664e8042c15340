"""`flowdsl run`."""
