"""Pure rules of identity: kinds, normalisation, masking, linking, components. No I/O, no platform."""
