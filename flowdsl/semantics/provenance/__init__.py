"""Provenance: what a value is made of.

The declared values in it (`origins`), text from outside (`untrusted`), and secrets typed into
fields on the screen (`typed_fields`).
"""
