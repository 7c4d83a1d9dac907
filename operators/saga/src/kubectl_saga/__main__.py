"""``python -m kubectl_saga``."""

from kubectl_saga.main import main

main()
