"""Distill the compact loss network from VGG-19, and measure the result."""
