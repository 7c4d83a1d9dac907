"""The Kubernetes side: kopf's handlers, the fenced store, the codec."""
