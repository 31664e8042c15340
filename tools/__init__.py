"""What makes documents of tables: scripts of this repository that no release holds.

`reference` makes `docs/reference`, `project_file` `docs/project-file.md`, and `prompt_language`
`docs/prompt-language.md`. Each takes `--write` or `--check`; tests hold that they are fresh.
"""
