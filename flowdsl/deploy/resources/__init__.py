"""The kinds of resources that a deploy writes, one module each, with their field policies as data.

Knows how a resource of a kind is compared, created and changed. Does not decide whether to do so.

Entry points: `workflow` for workflows, `NAMED` for the kinds that are identified by name, in the
order in which they depend on each other, and `image` for pictures, which never change once they are
stored.

Only these modules build the bodies of requests. A field without a policy is neither compared nor
sent.
"""

from __future__ import annotations

from flowdsl.deploy.resources.model import ModelKind
from flowdsl.deploy.resources.resource import NamedKind
from flowdsl.deploy.resources.tag import TagGroupKind, TagKind

NAMED: tuple[NamedKind, ...] = (TagGroupKind(), TagKind(), ModelKind())

NAMED_KIND = {kind.name: kind for kind in NAMED}
"""The same kinds by their name in addresses."""
