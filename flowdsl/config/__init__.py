"""Reads `flowdsl.toml`.

Parses the text of a project file into a `Project` with its `Environment`s, and reports errors at
their line and column. `schema` derives a JSON Schema of the file for editors.

Does not touch the disk, read an API key, or depend on the content of flows.

Entry points: `load.load_project`, `project.Project`.

`keys.PROJECT_FILE` is the single table of the keys of the file; validation and schema both follow
it. No value that may be a credential is ever quoted.
"""
