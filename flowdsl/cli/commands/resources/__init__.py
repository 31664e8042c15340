"""Commands for the other objects of an organisation: machines, pools, recordings and so on.

Each is one `Resource` of `frame`: the columns of its table, the filters of its list, how rows are
read and how one object is found. `main.RESOURCES` lists them.
"""
