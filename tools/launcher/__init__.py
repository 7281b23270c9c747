"""The `./feilun` launcher: standard library only, because it runs before anything is installed."""
