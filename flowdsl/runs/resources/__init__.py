"""What an organisation has beside runs, as people name and filter it: machines, pools, connections,
recordings and usage.

Does: finds one by its id or name, lists those that match, and sums up what runs cost.

Does not: change anything, print, or know a command line.
"""
