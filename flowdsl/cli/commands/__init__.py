"""One module a command: `configure(parser)` and `run(arguments, console) -> exit code`."""
