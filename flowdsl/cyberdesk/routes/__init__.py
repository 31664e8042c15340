"""The routes of the service, one module for each resource.

Each method is one request, typed at both ends; a `list_all` is as many as the list has pages.

Every method raises `CyberdeskError`. Every write takes an idempotency key, which belongs to one
intent. What makes something is not sent again after a reply that was lost: the caller looks for it.
"""
