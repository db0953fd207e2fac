"""Models that arrive on models.v1 while the job runs: checked, loaded, and in force by event time."""
