"""Writes without a reply: their outcome (`recover`), and those that may arrive (`late_writes`)."""
