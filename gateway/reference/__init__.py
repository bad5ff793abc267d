"""The reference: the OpenAPI document and the data dictionary of all services, for machines and for people."""
