"""The machine FlowDSL runs on: disk, environment variables, terminal, signals.

Reads the files of a project (`DiskFiles`) and of its libraries (`open_libraries`), finds projects
and flows, writes results (`write_files`, `write_named`), reads environment variables and handles
signals (`signals`). Does not know the content of the files, and decides nothing that a pure layer
could decide.

Entry points: `DiskFiles`, `find_root`, `expand_patterns`, `write_files`; one module for each
subject.

Nothing outside a project's root and its libraries is read, not even through a symbolic link, and
nothing in a library is written. A write is complete or does not happen, and goes through opened
folders and no link (`folders`). Nothing here needs POSIX.
"""
