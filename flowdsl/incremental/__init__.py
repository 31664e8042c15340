"""Checks a whole project again, checking only files that changed or that a change can affect.

Keeps one index file for each project, `.flowdsl/cache/check.json`, with the facts of every file and
the findings of every group. Checks the new or changed groups, in several processes if there are
many. Does not judge anything: findings come from `compiler.pipeline.analyze`. `compile` and
`deploy` never read the index.

Entry point: `check.check_project`.

A group is a set of files connected by imports. The findings of a file depend only on its group and
`flowdsl.toml`, with one exception: addresses are unique in a project. Where two groups declare the
same address, everything is checked at once. The result is always what a check without an index
finds. An index that is damaged, older than the program, of another configuration, or that somebody
else wrote is ignored: each index is sealed with a secret of the machine's user, which no repository
has.
"""
