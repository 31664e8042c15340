"""Workflows of the service become `.flow` source.

Reads the body of a workflow as the API gives it and writes a project that compiles to the same
body. Prompts that FlowDSL wrote come back as statements; any other prompt is kept to the byte in a
file of its own.

Does no IO and refuses no valid workflow: what the language cannot say is kept in files beside the
source, and a note tells of it.

Entry points: `project.import_workflows`, and `proposing.convert.propose` for statements that would
replace a prompt file.

Nothing is taken on trust: what is written is compiled again, and handed out only when the result is
what was read.
"""
