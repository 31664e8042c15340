"""FlowDSL in the pipelines of GitHub and GitLab.

Installs FlowDSL, calls it, and keeps one comment at a pull request up to date.

Does not compile, plan or deploy: the command line does, in a process of its own.

Entry point: `main.main`.

Needs the standard library alone. A pull request from a fork never reaches the service, and no
process but `plan` and `deploy` is given a key. What the command line wrote is data: it travels in
files and request bodies, never in the words of a shell.
"""
