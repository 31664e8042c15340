"""`flowdsl pull`: its command, the workflows of an environment (`tracked`), and its messages."""
