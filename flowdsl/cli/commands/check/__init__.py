"""`flowdsl check`: its command, fixes, baseline, watching and reports."""
