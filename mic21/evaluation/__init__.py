"""Measures: how good masks are, and captions."""
