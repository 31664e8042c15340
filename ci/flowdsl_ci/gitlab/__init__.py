"""The template for GitLab: its jobs, what started the pipeline, the notes of a merge request.

Entry point: `jobs.main`.
"""
