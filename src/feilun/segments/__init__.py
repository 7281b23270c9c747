"""Segments: definitions and their versions, who is a member, who entered and left when and why, audiences frozen from them.

One evaluator keeps all live definitions right together; nobody else writes memberships.
"""
