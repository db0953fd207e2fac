"""Reference tables, each made from the registry that declares what the table lists."""
