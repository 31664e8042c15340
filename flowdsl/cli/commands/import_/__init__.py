"""`flowdsl import`: its command, and the parts of its work.

`fetch` reads workflows of the service, `destination` says where they go, `adoption` what the
project has of them already, `view` what is said.
"""

from .command import configure, run

__all__ = ("configure", "run")
