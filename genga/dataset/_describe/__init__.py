"""Who describes images, a model in this process or a server, and what was answered so far."""
