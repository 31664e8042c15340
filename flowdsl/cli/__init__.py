"""The command line.

Parses arguments, finds the project, calls the layers below and prints what they return. It does not
know how anything is checked, compiled or deployed; a command consists of arguments, calls and a
view.

Entry point: `main.run`. A command is a row in `main.COMMANDS` and a module in `commands/` with two
functions: `configure(parser)` declares its arguments, `run(arguments, console)` does the work and
returns an exit code. A command of several parts is a package: `command` has the two functions,
`view` renders the output, and each other part is a module of its own. The tables of arguments are
read by `runtime.command_line.options.add_options`. Code that commands share is
in `runtime/` (for commands of the deploy engine, in `runtime/engine/`) and, for rendering, in
`views/`. The module of a command is imported only when the command runs.

Machine formats go to standard output, everything else to standard error. An expected failure
propagates to `main` unchanged: `runtime.failure_table` maps it to an exit code. Any other exception
is a bug and exits 70.
"""
