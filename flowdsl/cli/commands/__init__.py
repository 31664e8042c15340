"""One module or package for each command.

Each has `configure(parser)`, and `run(arguments, console)`, which returns an exit code.
"""
