"""What the command line and the console share about rules: the topics they stand on, checks, changes, acknowledgements."""
