"""`flowdsl runs`: its subcommands, each in a module."""
