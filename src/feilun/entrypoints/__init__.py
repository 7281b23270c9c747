"""Where the program starts: HTTP app, worker, command line, supervisor. The only place that wires rooms together."""
