"""Atomic writing, and safe reading of files that anybody may have made.

May import: errors.
"""
