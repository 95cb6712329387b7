"""The only modules that open sockets to scanned hosts."""
