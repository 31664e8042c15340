"""A module or package a command: `configure(parser)` and `run(arguments, console) -> exit code`."""
