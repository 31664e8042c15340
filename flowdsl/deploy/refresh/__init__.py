"""Reads state and service before a plan, and finds reasons not to carry the plan out.

Entry point: `refresh.refresh`. `guards` and `impact` find what a person has to decide first.
"""
