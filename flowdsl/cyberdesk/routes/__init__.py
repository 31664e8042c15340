"""The routes of the service, one module a resource: each method is one request, typed at both
ends.
"""
