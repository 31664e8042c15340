"""The ledger of a batch: a file that records the requests of a command and their outcomes.

`ledger` is the file, `folder` finds and opens ledgers below a project, `resuming` compares a
command with a ledger and continues with the runs that were not created.
"""
