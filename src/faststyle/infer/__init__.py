"""Stylizing photos from the command line: `python -m infer`.

May import: errors, malloc, files, images, checkpoints, rendering.
"""
