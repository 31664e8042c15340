"""What the service does when the work is over: it makes the outputs, and carries out the checks."""
