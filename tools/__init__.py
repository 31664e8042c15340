"""Scripts of this repository that no release contains: documents made of tables, and a measure.

`reference` makes `docs/reference`, `language_reference` `docs/language-reference.md`,
`project_file` `docs/project-file.md`, and `prompt_language` `docs/prompt-language.md`. Each takes
`--write` or `--check`; tests hold that they are fresh.
`sizes` measures each package beside `tests/meta/sizes.toml`, which a test holds.
"""
