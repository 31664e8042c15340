"""Rules about what a program should not do, and what a team has switched off.

Runs the rules over an analysed program, which modules of `rules` hold; applies `[lint]` of
`flowdsl.toml` and the suppressions in comments to the findings of every phase.

Proves nothing: what must not be deployed is an error of `semantics`. Knows no files and no command
line.

Entry points: `run.run_rules` and `enabled.enabled_findings`; `rules.RULES` is the one list of
rules.

A rule never raises on a program with mistakes: names that did not resolve are missing from the
tables.
"""
