"""The reading of state and service before a plan, and the reasons not to carry the plan out.

Entry point: `refresh.refresh`. `guards`, `drift` and `impact` say what a person has to decide
first.
"""
