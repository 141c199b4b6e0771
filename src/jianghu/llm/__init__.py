"""Ask a model API durably: many keys, limits, budgets, every reply stored before it is read.

Requests of a job go in; parsed items come out. Nothing here knows what is asked about.
"""
