"""What goes over the wire to and from the Cyberdesk API.

It describes bodies of requests and replies: one module for each resource, and `wire_model` for what they share.

It does no IO and holds no policy: what to compare, to send or to leave alone is decided by the caller.

Import the module of the resource, for example `flowdsl.cyberdesk.models.workflow.WorkflowCreate`.

Request models refuse unknown fields, except those passed through by name, and tell absent from null. Reply models keep unknown fields, hold enumerations as
strings, and require only what a deployment cannot do without.
"""
