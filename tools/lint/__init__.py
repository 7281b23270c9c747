"""Rules of this house that no other linter knows: `python -m tools.lint [FILE…]`.

A line may be excused with `# allow(rule-name): reason`; an excuse without a reason is a finding itself.
"""
