"""What texts say: sentiment of what readers write, readability and expected reading time of what they read."""
