"""Run the tests of a program, each in the world that its answers describe, without a machine.

A test runs twice. The reference interpreter executes the source, and its trace is compared with the
expectations of the test. The simulated machine executes the compiled prompt in the same world,
under every assumption about the service; if its trace differs, that is a bug of FlowDSL.

Does no IO and opens no connection. Entry points: `cases_of`, and `run_test` in `run`.
"""
