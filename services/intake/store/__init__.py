"""SQL, one function a statement. Nothing here commits."""
