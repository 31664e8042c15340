"""Execute a program in a world in two ways: from its source, and from its compiled payload.

The interpreter executes the checked source; the machine executes the payload as the agents of the
platform would. They share the world, which answers their questions, and the trace, which records
what reached the desktop. A prompt is equivalent to its program if both give the same trace in the
same world (ADR 34).

Does no IO and knows neither the service nor a clock.
"""
