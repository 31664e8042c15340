"""Shared code of commands for objects of the service: reading, changing and showing them."""
