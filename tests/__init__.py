"""Tests; the tree mirrors src/feilun."""
