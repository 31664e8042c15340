"""Models of what goes over the wire to and from the Cyberdesk API.

Describes the bodies of requests and replies: one module for each resource, and `wire_model` for
what they share.

Does no IO and holds no policy: the caller decides what to compare, to send or to leave alone.

Entry point: the module of a resource, such as `workflow.WorkflowCreate`.

Request models refuse unknown fields, except those passed through by name, and distinguish absent
from null. Reply models keep unknown fields, hold enumerations as strings, and require only what a
deployment cannot do without.
"""
