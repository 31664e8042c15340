"""Reading state and service before a plan is made, and what stands in the way of carrying one out.

Entry point: `refresh.refresh`; `guards`, `drift` and `impact` say what a person has to decide
first.
"""
