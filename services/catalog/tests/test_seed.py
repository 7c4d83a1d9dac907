import os
import subprocess
import sys


def test_seeding_again_adds_nothing(parts):
    environment = {**os.environ, **parts.env("catalog-web"), "SKALD_MONGODB_DATABASE": parts.new_database("catalog")}
    for outcome in ("seeded 4 of 4 products", "seeded 0 of 4 products"):
        command = [sys.executable, "-m", "catalog", "seed"]
        run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        assert outcome in run.stdout + run.stderr
