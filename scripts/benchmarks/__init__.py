"""Measure speed, memory and scaling."""
