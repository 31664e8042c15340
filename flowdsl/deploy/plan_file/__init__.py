"""The plan as a document: its models and JSON Schema (`format`), writing it (`writer`), and
reading one that was approved (`reader`).
"""
