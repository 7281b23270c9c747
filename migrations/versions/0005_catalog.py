"""Products, the codes that mean them, stores, stock by batch."""

from alembic import op

revision = "0005_catalog"
down_revision = "0004_ingestion"


def upgrade() -> None:
    """Create the catalog room's tables."""
    op.execute(
        """
        CREATE TABLE products (
            product_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            sku text NOT NULL,
            sku_key text NOT NULL,
            name text,
            category_path text,
            style text,
            brand text,
            cost numeric(18,6),
            list_price numeric(18,6),
            life_stage text,
            launch_on date,
            kind text NOT NULL CHECK (kind IN ('product', 'service', 'fee', 'adjustment', 'test')),
            state text NOT NULL CHECK (state IN ('seen', 'listed')),
            mapped_to_id bigint REFERENCES products CHECK (mapped_to_id <> product_id),
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, sku_key)
        )
        """
    )
    op.execute("CREATE INDEX ix_products_mapped_to ON products (mapped_to_id) WHERE mapped_to_id IS NOT NULL")
    op.execute(
        "CREATE INDEX ix_products_seen ON products (product_id) WHERE state = 'seen' AND mapped_to_id IS NULL"
    )
    op.execute(
        """
        CREATE TABLE product_names (
            product_id bigint NOT NULL REFERENCES products ON DELETE CASCADE,
            name text NOT NULL,
            lines bigint NOT NULL,
            PRIMARY KEY (product_id, name)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE product_codes (
            code_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('item', 'barcode')),
            code text NOT NULL,
            code_key text NOT NULL,
            product_id bigint NOT NULL REFERENCES products,
            mapped_by text NOT NULL,
            mapped_at timestamptz NOT NULL,
            UNIQUE (source, code_key)
        )
        """
    )
    op.execute("CREATE INDEX ix_product_codes_product ON product_codes (product_id)")
    op.execute("CREATE INDEX ix_product_codes_barcode ON product_codes (code_key) WHERE kind = 'barcode'")
    op.execute(
        """
        CREATE TABLE stores (
            store_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            code text NOT NULL,
            name text,
            region text,
            brand text,
            city text,
            state text NOT NULL CHECK (state IN ('seen', 'listed')),
            first_seen_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, code)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE stock_batches (
            stock_batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            product_id bigint NOT NULL REFERENCES products,
            store_code text NOT NULL,
            batch text NOT NULL,
            quantity numeric(18,4) NOT NULL,
            expires_on date,
            inbound_quantity numeric(18,4),
            inbound_on date,
            updated_at timestamptz NOT NULL,
            UNIQUE (source, product_id, store_code, batch)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_stock_batches_expiry ON stock_batches (expires_on) WHERE expires_on IS NOT NULL"
    )
