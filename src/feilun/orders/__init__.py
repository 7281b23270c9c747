"""Orders, refunds, their lines, payments and shipments; which refund line gives back which order line.

Guarantees: a line is itself by source, order number, content and occurrence, so a repeated file changes nothing and identical
lines inside one order stay; refunds are a stream of their own; matching gives the same result in whatever order facts arrive.
Does not know products or profiles: it asks the catalog and offers customer details through ports of its own.
"""
