"""One page of everything that was done in a workspace, and one of answers side by side.

Import its modules: those of the report need the extra `report`, the other one nothing.
"""
