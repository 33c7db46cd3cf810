"""The streaming service: gateway, agents, storage and the command line."""
