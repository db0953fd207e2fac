"""What surrounds the jobs: command line, local stack, simulator, benchmark. Nothing imports from here."""
