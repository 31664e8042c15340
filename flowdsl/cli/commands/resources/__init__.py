"""Commands that show what else an organisation has: machines, pools, recordings and the like.

Each is one `Resource` of `listing`: which columns its table has, which filters its list takes, how
its rows are read and how one is found. `main.MODULES` says which module belongs to which command.
"""
