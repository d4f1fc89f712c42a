"""Measuring a style checkpoint: `python -m faststyle.evaluate`.

May import: errors, malloc, devices, files, networks, images, losses, config, rendering,
optimize.
"""
