"""What ``skald.app`` puts around a service's own routes."""
