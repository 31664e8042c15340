"""`flowdsl compile`: its command, the files it writes, and its statistics."""
