"""`flowdsl doctor`: what is set up and what is not, and what to do about it.

`machine` looks at the installation and the project, `environments` at each environment's key,
service and state, `questions` at what is assumed of the platform. None of them writes, except the
second half of the questions, which a person asks for.
"""
