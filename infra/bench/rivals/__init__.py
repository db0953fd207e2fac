"""What the job is compared with: the same windows, written with other tools."""
