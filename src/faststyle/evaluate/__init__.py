"""Measuring a style checkpoint: `python -m faststyle.evaluate`.

May import: errors, malloc, devices, files, networks, images, losses, checkpoints,
config, rendering, optimize, video.
"""
