"""Data: generated, shipped with a library, or fetched by name; nothing is ever unpickled."""
