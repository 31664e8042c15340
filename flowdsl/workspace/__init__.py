"""A project on disk and what an environment of it names: its files, its state and its service.

Does: reads `flowdsl.toml`, chooses an environment, opens the store of its state and the client of
its service or of the embedded emulator.

Does not: read a command line, ask a person, print, or write.

Entry points: `project.read_project`, `environments.required_environment`, `state.open_state_of`,
`service.open_service`.

Invariants: every failure that is expected is a `FlowdslError`; a key is read only once its host is
known to be trusted.
"""
