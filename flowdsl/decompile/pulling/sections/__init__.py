"""Edits of the sections of a workflow: fields, settings, checks, standing rules, and parts that
files hold.
"""
