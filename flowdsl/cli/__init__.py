"""The command line.

Parses arguments, finds the project, calls the layers below and prints what they return.

Does not know how anything is checked, compiled or deployed; a command is arguments, calls and a view.

Entry point: `main.run`. A command is a row in `main.COMMANDS` and a module in `commands/` with two functions:
`configure(parser)` declares its arguments, `run(arguments, console)` does the work and returns an exit code. One of
several parts is a package: `command` has the two functions, `view` what it prints, and each other part its own module.
What commands share stands in `runtime/` (those of the deploy engine: `runtime/engine/`) and, for printing, in `views/`.

A command's module is imported only when the command runs. Machine formats go to standard output, everything else to
standard error. Expected failures are `CommandError`s: one line and the exit code of `runtime.exit_codes`; any other exception
is a bug and exits 70.
"""
