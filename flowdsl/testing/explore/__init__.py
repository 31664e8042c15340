"""Finds the paths that a workflow or a chain can take, by other answers from run to run.

paths = explored(ExploredWorkflow(program, workflow), most_paths)

The reference interpreter carries the workflow out, and every answer that it asks for is a choice.
`deciding` tells on which values something depends, `samples` makes them up, `choices` is what one
run chose, `exploring` answers by choices, `running` carries out once, `search` goes from run to
run, and `skeletons` writes the test that takes a path.
"""

MOST_PATHS = 100
"""Paths that are looked for where nobody says how many."""
