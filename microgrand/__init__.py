"""microgrand: a textbook you can run, on regularisation from the gradient's point of view."""

__version__ = "0.1.0"
