"""Which workflows of an organisation are ours.

`identity` proves that state, key and organisation belong together; `matching` finds the address of
a workflow that state does not know.
"""
