"""`flowdsl plan`: its command, plans as files (`saved`), and the Markdown summary (`markdown`)."""
