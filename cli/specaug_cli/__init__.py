"""The command line of specaug: each command parses, calls one library function, prints the result."""
