"""Pure rules of blueprints: plain values in, definitions out."""
