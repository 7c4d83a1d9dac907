"""A Kubernetes cluster on this machine by kind, with a container registry or without one."""
