"""What is reported beyond proof, and what a team has switched off.

Runs the rules over an analysed program, one module a rule; applies `[lint]` of `flowdsl.toml` and the suppressions in comments to
the findings of every phase.

Does not prove anything: what must not be deployed is an error of `semantics`. Knows no files and no command line.

Entry points: `run.run_rules`, `suppressions.apply_suppressions`; `rules.RULES` is the one list of rules.

A rule never raises on a program with mistakes: names that did not resolve are missing from the tables.
"""
