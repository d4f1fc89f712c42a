"""Stylizing photos from the command line: `python -m infer`.

May import: errors, malloc, images, checkpoints, rendering.
"""
