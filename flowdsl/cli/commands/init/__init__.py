"""`flowdsl init`: its command, the contents of a new project, its pipeline, and shipped files."""
