"""Drift: has what a model reads, scores or gets wrong changed since it was trained?"""
