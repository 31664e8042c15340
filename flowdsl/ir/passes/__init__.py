"""From a program of the IR to a simpler one with the same meaning.

`simplify` holds the short passes and the order of all of them. `placing` decides which loops a
focused agent iterates, `titles` drops steps whose title no prompt shows, and `liveness` drops
values that nothing reads.

Entry point: `simplify.simplified`.
"""
