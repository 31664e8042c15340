"""Models of the bodies that are sent to and received from the Cyberdesk API.

There is one module for each resource, and `wire_model` for what they share. The models do no IO and
contain no policy: the caller decides what to compare, to send or to leave unchanged.

Entry point: the module of a resource, such as `workflow.WorkflowCreate`. Request models refuse
unknown fields, except those passed through by name, and distinguish absent from null. Reply models
keep unknown fields, hold enumerations as strings, and require only what a deployment cannot do
without.
"""
