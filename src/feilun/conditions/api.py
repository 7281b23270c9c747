"""Facade of the condition language. Everything here is a function of its arguments."""
