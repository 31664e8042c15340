"""The command line.

Parses arguments, finds the project, calls the layers below and prints what they return.

Does not know how anything is checked, compiled or deployed; a command is arguments, calls and a view.

Entry point: `main.run`. A command is a row in `main.COMMANDS` and a module in `commands/` with two functions:
`configure(parser)` declares its arguments, `run(arguments, console)` does the work and returns an exit code. Its
printing lives in `views/`.

A command's module is imported only when the command runs. Machine formats go to standard output, everything else to
standard error. Expected failures are `CommandError`s: one line and the exit code of `exit_codes`; any other exception
is a bug and exits 70.
"""
