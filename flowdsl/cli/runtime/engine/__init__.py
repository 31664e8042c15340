"""What the commands of the deploy engine share: from a command line to a job, and from its outcome to an exit code."""
