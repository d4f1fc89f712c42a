"""Runs side by side on one page: `python -m faststyle.compare`.

May import: errors, malloc, files, images, checkpoints, rendering.
"""
