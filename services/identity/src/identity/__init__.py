"""OAuth 2.1 server: clients, users, tokens, signing keys."""
