"""From a program of the IR to a simpler one with the same meaning.

`simplify` holds the short passes and the order of all of them. `placing` decides which loops a
focused agent goes through, `titles` drops the steps of which no prompt shows the title, and
`liveness` drops values that nothing reads.

Entry point: `simplify.simplified`.
"""
