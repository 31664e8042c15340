"""`flowdsl test`: its command, the processes that share the tests, and its output."""
