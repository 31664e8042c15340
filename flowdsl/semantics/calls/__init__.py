"""Tasks as their callers see them: who calls whom, what a caller has to know of a body, what a
call binds, and how large it all gets once tasks are in their places.
"""
