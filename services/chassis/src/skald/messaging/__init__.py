"""Commands, replies and events over RabbitMQ."""
