"""What the commands of the deploy engine share.

That is the path from a command line to a job, and from its outcome to an exit code.
"""
