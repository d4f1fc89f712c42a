"""Tests of faststyle.compare."""
