"""Prompts of FlowDSL's own, played by the machine that says in tests what a prompt means.

`play.play_program` makes a run plan of a prompt that the machine reads, in the world that the
scenario describes. Under the same answers a run ends as the program does. Whatever the scenario
leaves open goes as it usually does, and values are made up. Nothing here reads a prompt: what a
line means, `flowdsl.simulate.machine` says.
"""
