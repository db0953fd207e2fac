"""The three lanes: each runs its stages in order over the rows of one kind and owns one bundle of keyed state."""
