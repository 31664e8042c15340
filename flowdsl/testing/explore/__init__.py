"""Find the paths that a workflow or a chain can take, by varying the answers between runs.

paths = explored(ExploredWorkflow(program, workflow), most_paths)

The reference interpreter executes the workflow, and every answer that it needs is a choice.
`deciding` finds the values that affect control flow, `samples` generates values and records the
choices, `exploring` answers questions by choices, `running` executes one run, `findings` searches
from run to run, and `skeletons` writes the test that takes a path.
"""

MOST_PATHS = 100
"""The default for the most paths that are searched for."""
