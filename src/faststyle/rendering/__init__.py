"""Apply a style to a picture of any size. Imports: errors, devices, networks, images,
checkpoints.
"""
