"""Reading the topics: from one place to another, or for ever."""
