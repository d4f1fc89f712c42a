"""A page of what a style can look like, before it is trained: `python -m faststyle.explore`.

May import: errors, malloc, devices, files, images, losses, checkpoints, config, data, rendering,
train.
"""
