"""Traces, metrics and logs. None of them may carry what people wrote; none of them may slow a service down."""
