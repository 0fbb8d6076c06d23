"""The bad days that a sandbox can have."""
