"""Writing styles as ONNX files for other programs: `faststyle-export`.

May import: errors, malloc, files, networks, checkpoints, rendering.
"""
