"""Optimize the pixels of one picture (Gatys et al. 2016): python -m faststyle.optimize. Imports:
errors, malloc, devices, files, images, losses, config.
"""
