"""The `sos-online` command."""
