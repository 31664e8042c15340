"""The worlds of tests as scenarios of the local Cyberdesk, and scenarios as tests.

`rehearsal` makes the scenario of a test: a run ends there as the test says. `reading` makes a test
of a rule of a scenario: what it answers, and what the flow does then.
"""
