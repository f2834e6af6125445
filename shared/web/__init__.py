"""HTTP: problems, the application round the routes, request bodies."""
