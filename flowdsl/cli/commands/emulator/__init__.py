"""`flowdsl emulator`: its command, and the trace pages that it serves to a browser."""
