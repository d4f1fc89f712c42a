"""Optimizing the pixels of one picture (Gatys et al. 2016): `python -m faststyle.optimize`.

May import: errors, malloc, devices, files, images, losses, config.
"""
