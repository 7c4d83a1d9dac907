"""Kong's contract on Envoy: reads the same file, answers ``POST /config`` and the status port, stops in good order."""
