"""Painting for a web page or another program on this computer: `python -m faststyle.serve`.

May import: errors, malloc, files, images, checkpoints, rendering, page.
"""
