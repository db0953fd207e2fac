"""What becomes of proposals: precedence, exclusive groups, budgets, cooldowns and renewals. No Flink."""
