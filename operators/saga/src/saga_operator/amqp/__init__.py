"""The broker side: the connection, commands out, replies in."""
