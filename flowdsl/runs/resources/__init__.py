"""Other objects of an organisation: machines, pools, connections, recordings and usage.

Does: finds one by its id or name, lists those that match, and sums up the cost of runs.

Does not: change anything, print, or know a command line.
"""
