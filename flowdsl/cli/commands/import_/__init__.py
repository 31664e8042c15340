"""`flowdsl import`: its command, and the parts of its work.

`service` reads workflows of the service and says which of them the project has already,
`destination` where they go, and what is said of them.
"""

from .command import configure, run

__all__ = ("configure", "run")
