"""Reading, converting and writing picture files.

May import: errors, files.
"""
