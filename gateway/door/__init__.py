"""The door: a request comes in, is admitted and counted, and goes on to the service that answers it."""
