"""What whoever runs the operator looks at: metrics, health, logs, traces."""
