"""A project on disk, and the state and the service of its environments.

Does: reads `flowdsl.toml`, chooses an environment, opens the store of its state and the client of
its service or of the embedded emulator.

Does not: read a command line, ask a person, print, or write.

Entry points: `project.read_project`, `environments.require_environment`, `state.open_state_of`,
`service.open_service`.

Invariants: every expected failure is a `FlowdslError`; a key is read only once its host is known to
be trusted.
"""
