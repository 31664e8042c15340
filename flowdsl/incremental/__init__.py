"""Checks and compiles a whole project again, looking only at what changed or a change can affect.

Keeps an index for the checks of a project, `.flowdsl/cache/check.json`, and one for each
environment that it was compiled for, a folder `.flowdsl/cache/compile-*`. An index has the facts of
every file, and of every group its findings and, of a compilation, the digests of its artifacts;
these stand in the store, the other files of the folder. Looks anew at the new or changed groups, in
several processes if there are many. Does not judge anything: findings and artifacts come from
`compiler.pipeline`.

Entry points: `check.check_project`, `compiling.compile_with_index`.

A group is a set of files connected by imports. The findings and artifacts of a file depend only on
its group, `flowdsl.toml` and the environment, with one exception: addresses are unique in a
project. Where two groups declare the same address, everything is looked at at once. The result is
always that without an index. An index that is damaged, older than the program, of another
configuration, or that somebody else wrote is ignored: each index is sealed with a secret of the
machine's user, which no repository has, and names what stands beside it by digests.
"""
