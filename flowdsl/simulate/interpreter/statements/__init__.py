"""What each statement of the language means.

`perform` does a block and sorts its statements: `acting` and `asking` have those that touch the
desktop, `repeating` and `calls` those with a body of their own. `leaving` holds how a statement
leaves the place where it stands.

Entry point: `perform.perform`.
"""
