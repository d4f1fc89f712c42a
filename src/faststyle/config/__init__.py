"""Settings of the commands: types, ranges and parsing.

May import: errors, files.
"""
