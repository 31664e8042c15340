"""Convert workflows of the service to `.flow` source.

Parses the body of a workflow as the API returns it and writes a project that compiles to the same
body. Prompts that FlowDSL wrote become statements; any other prompt is kept byte for byte in a file
of its own. Does no IO and refuses no valid workflow: what the language cannot express is kept in
separate files, and a note reports it. Entry points: `project.import_workflows`, and
`proposing.convert.propose_statements` for statements that would replace a prompt file.

Every result is verified: the written source is compiled again, and returned only if it gives the
payload that was read.
"""
