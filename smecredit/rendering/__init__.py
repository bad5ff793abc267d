"""Answers as tables for people on a terminal: a module a command's answer."""
