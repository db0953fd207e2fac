"""Redis as the gateway and the projector share it: keys, client, circuit breaker."""
