"""The execution of each statement of the language.

`perform` executes a block and dispatches its statements: `acting` and `asking` have those that
touch the desktop, `repeating` and `calls` those with a body of their own. `leaving` defines the
exceptions with which a statement leaves its block. Entry point: `perform.perform_block`.
"""
