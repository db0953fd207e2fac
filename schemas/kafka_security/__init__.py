"""Settings with which every client of this project connects to a secured Kafka, and their names in each client."""
