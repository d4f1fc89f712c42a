"""Stylizing photos and clips from the command line: `python -m infer`.

May import: errors, malloc, files, images, checkpoints, rendering, video.
"""
