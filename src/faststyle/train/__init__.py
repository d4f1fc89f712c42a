"""Training a style: `python -m train`.

May import: errors, malloc, devices, files, networks, images, losses, checkpoints, config, data,
rendering, evaluate.
"""
