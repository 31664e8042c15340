"""The ledger of a batch: what a command asks for and what came of it, written down as it goes.

`ledger` is the file, `folder` finds and opens ledgers below a project, `resuming` compares what a
command asks for with a ledger and goes on with what is not made.
"""
