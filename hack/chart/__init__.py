"""What is generated of the Helm chart: the schema of its values, their reference, and the renders under examples/."""
