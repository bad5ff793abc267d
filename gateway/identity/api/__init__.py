"""The routes of identity: clients and their keys, and tokens."""
