"""The contracts: the records of each topic, the rule language, and the validation of events."""
