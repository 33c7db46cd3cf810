"""The one place where everything is constructed and put together, a module for each process."""
