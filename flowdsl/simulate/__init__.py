"""What a program does in a world, told twice: by its source and by its compiled payload.

The interpreter executes the checked source; the machine executes the payload as the agents of the
platform would. They share the world, which answers their questions, and the trace, which records
what reached the desktop. Same world, same trace: that is what it means that a prompt says what the
program says (ADR 34).

Does no IO and knows neither the service nor a clock.
"""
