"""Orders: takes them in, starts a saga for each, and tells how it ended."""
