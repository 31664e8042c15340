"""Text and positions.

Holds the text of a file (`SourceFile`), places in it (`Span`, `Position`) and the protocol for
access to files (`FileSystem`).

Does no parsing and no IO of its own: `MemoryFiles` serves tests and standard input, `flowdsl.host`
serves disks.

Entry points: `SourceFile`, `Span`, `FileSystem`.

Offsets are code points from 0; lines and columns are 1-based and computed only on demand.
Paths are POSIX and relative to the project root.
"""
