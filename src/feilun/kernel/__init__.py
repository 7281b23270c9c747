"""Words every room shares: ids, money, clock, the base error. Standard library only."""
