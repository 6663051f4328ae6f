"""What a command needs of its system: signals, locks, threads, terminals, sealed files."""
