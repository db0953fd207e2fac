"""Segments: groups of readers that behave alike, kept fresh from a stream of rows."""
