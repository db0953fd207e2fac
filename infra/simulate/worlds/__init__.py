"""Worlds: readers whose habits are given and never change, and changes of moderate strength to plant in them."""
