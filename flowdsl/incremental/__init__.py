"""Checking a whole project again: only what changed, and what a change can reach.

Keeps one index file a project, `.flowdsl/cache/check.json`, with the facts of every file and the findings of every group; checks the groups
that are new or changed, in several processes when they are many.

Does not judge anything: findings come from `compiler.pipeline.analyze`. `compile` and `deploy` never read the index.

Entry point: `check.check_project`.

A group is a set of files connected by imports. What is found in a file depends on nothing outside its group and `flowdsl.toml`, except
that addresses are unique in a project: where two groups share one, everything is checked at once. The result is always what a
check without an index finds; an index that is damaged, older than the program or of another configuration is ignored.
"""
