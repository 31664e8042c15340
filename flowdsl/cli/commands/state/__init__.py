"""`flowdsl state`: its command, a module for each kind of work, and how state is shown."""
