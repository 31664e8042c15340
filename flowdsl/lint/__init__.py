"""Lint rules, and the settings by which a team switches them off.

Runs the rules in the modules of `rules` over an analysed program; applies `[lint]` of
`flowdsl.toml` and the suppressions in comments to the findings of every phase.

Proves nothing: errors that prevent a deploy belong to `semantics`. Knows no files and no command
line.

Entry points: `run.run_rules` and `run.select_enabled_findings`; `rules.RULES` is the one list of
rules.

A rule never raises on a program with mistakes: names that did not resolve are missing from the
tables.
"""
