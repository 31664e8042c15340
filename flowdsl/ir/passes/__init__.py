"""From a program of the IR to a simpler one with the same meaning.

`simplify` holds the short passes and the order of all of them. `placing` decides which loops a
focused agent iterates, `liveness` drops values that nothing reads, `numbering` gives the entries of
lists keys of their own, and `handing`, of which code generation makes use, wraps values that pass
from one agent to another.

Entry point: `simplify.simplified`.
"""
