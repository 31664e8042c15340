"""Runs the tests of a program: each in the world that its answers describe, without a machine.

A test is carried out twice. The reference interpreter executes the source, and what it does is held
against what the test expects. The machine carries out the compiled prompt in the same world, under
every assumption of the service; where it does something else, that is a bug of FlowDSL.

Does no IO and opens no connection. Entry points: `cases_of`, and `run_test` in `run`.
"""
