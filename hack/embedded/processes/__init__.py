"""What runs: each module makes some of the processes, and the tasks between them."""
