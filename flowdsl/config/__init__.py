"""`flowdsl.toml` as values.

Reads the text of a project file into a `Project` with its `Environment`s, and reports what is wrong
with it, at its line and column. `schema` derives a JSON Schema of the file for editors.

Does not touch the disk, read an API key, or know what a flow contains.

Entry points: `load.load_project`, `project.Project`.

`keys.PROJECT_FILE` is the one table of what may stand in the file; validation and schema both
follow it. No value that may be a credential is ever quoted.
"""
