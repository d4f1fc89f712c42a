"""A web page that stylizes photos in the browser, in one HTML file: `faststyle-page`.

May import: errors, malloc, files, images, checkpoints, rendering.
"""
