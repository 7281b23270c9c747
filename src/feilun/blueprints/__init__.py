"""Blueprints: ready definitions a company starts from and edits, and the RFM model with its heat map.

Owns what the shipped segments and computed tags are and the settings they are built with. What is built belongs to `segments`
and `tags` from then on; nothing here is evaluated.
"""
