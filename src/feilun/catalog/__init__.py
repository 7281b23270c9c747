"""Products, the codes that mean them, stores and stock.

Guarantees: a product id is never reused and never changes its meaning; mapping a code to a SKU adds an alias and rewrites
no order. Items first met on an order exist as 'seen' products until a product file lists them or a person maps them.
Does not know orders: the orders room asks through a port it owns.
"""
