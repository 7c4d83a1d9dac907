"""One file per command; each has the attribute ``command``. ``main.COMMANDS`` names them."""
