"""Pure rules of profiles: typed values, built-in fields, survivorship, names."""
