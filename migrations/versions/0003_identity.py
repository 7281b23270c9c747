"""Person records, their keys and identifiers; merges, reviews, erasures."""

from alembic import op

revision = "0003_identity"
down_revision = "0002_access"


def upgrade() -> None:
    """Create the tables of identity."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_people()
    _create_links()


def _create_people() -> None:
    op.execute("CREATE SEQUENCE person_id_seq AS bigint")
    op.execute(
        """
        CREATE TABLE persons (
            person_id bigint NOT NULL CONSTRAINT pk_persons PRIMARY KEY,
            created_at timestamptz NOT NULL,
            source text NOT NULL,
            erased_at timestamptz
        )
        """
    )
    op.execute(
        "CREATE TABLE person_keys (person_id bigint NOT NULL CONSTRAINT pk_person_keys PRIMARY KEY, wrapped bytea NOT NULL)"
    )
    op.execute(
        """
        CREATE TABLE identifiers (
            person_id bigint NOT NULL,
            identifier_id bigint GENERATED ALWAYS AS IDENTITY,
            kind text NOT NULL,
            scope text NOT NULL,
            sealed bytea NOT NULL,
            blind_full bytea NOT NULL,
            blind_last4 bytea,
            is_verified boolean NOT NULL,
            is_linking boolean NOT NULL,
            source text NOT NULL,
            first_seen_at timestamptz NOT NULL,
            last_seen_at timestamptz NOT NULL,
            CONSTRAINT pk_identifiers PRIMARY KEY (person_id, identifier_id)
        )
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_identifiers_linking ON identifiers (blind_full, kind, scope) WHERE is_linking"
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_identifiers_loose ON identifiers (blind_full, kind, scope, person_id) WHERE NOT is_linking"
    )
    op.execute("CREATE INDEX ix_identifiers_last4 ON identifiers (blind_last4) WHERE blind_last4 IS NOT NULL")


def _create_links() -> None:
    op.execute(
        """
        CREATE TABLE person_aliases (
            alias_id bigint NOT NULL CONSTRAINT pk_person_aliases PRIMARY KEY,
            person_id bigint NOT NULL,
            CONSTRAINT ck_person_aliases_root_is_lowest CHECK (person_id < alias_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_person_aliases_person_id ON person_aliases (person_id)")
    op.execute(
        """
        CREATE TABLE merges (
            merge_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_merges PRIMARY KEY,
            left_person_id bigint NOT NULL CONSTRAINT fk_merges_left_person_id REFERENCES persons,
            right_person_id bigint NOT NULL CONSTRAINT fk_merges_right_person_id REFERENCES persons,
            kept_person_id bigint NOT NULL,
            absorbed_person_id bigint NOT NULL,
            cause text NOT NULL CONSTRAINT ck_merges_cause CHECK (cause IN ('identifier', 'review', 'manual')),
            evidence text NOT NULL,
            reason text NOT NULL,
            merged_by text NOT NULL,
            merged_at timestamptz NOT NULL,
            split_by text,
            split_at timestamptz,
            split_reason text,
            CONSTRAINT ck_merges_ordered CHECK (left_person_id < right_person_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_merges_left_person_id ON merges (left_person_id)")
    op.execute("CREATE INDEX ix_merges_right_person_id ON merges (right_person_id)")
    op.execute(
        """
        CREATE TABLE keep_apart (
            left_person_id bigint NOT NULL CONSTRAINT fk_keep_apart_left_person_id REFERENCES persons,
            right_person_id bigint NOT NULL CONSTRAINT fk_keep_apart_right_person_id REFERENCES persons,
            decided_by text NOT NULL,
            decided_at timestamptz NOT NULL,
            reason text NOT NULL,
            CONSTRAINT pk_keep_apart PRIMARY KEY (left_person_id, right_person_id),
            CONSTRAINT ck_keep_apart_ordered CHECK (left_person_id < right_person_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_keep_apart_right_person_id ON keep_apart (right_person_id)")
    op.execute(
        """
        CREATE TABLE merge_reviews (
            review_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_merge_reviews PRIMARY KEY,
            left_person_id bigint NOT NULL CONSTRAINT fk_merge_reviews_left_person_id REFERENCES persons,
            right_person_id bigint NOT NULL CONSTRAINT fk_merge_reviews_right_person_id REFERENCES persons,
            shared_kind text NOT NULL,
            shared_blind bytea,
            conflicting_kind text,
            evidence text NOT NULL,
            source text NOT NULL,
            opened_at timestamptz NOT NULL,
            state text NOT NULL CONSTRAINT ck_merge_reviews_state CHECK (state IN ('open', 'merged', 'kept_apart')),
            decided_by text,
            decided_at timestamptz,
            reason text NOT NULL DEFAULT '',
            CONSTRAINT ck_merge_reviews_ordered CHECK (left_person_id < right_person_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_merge_reviews_pair ON merge_reviews (left_person_id, right_person_id)")
    op.execute("CREATE INDEX ix_merge_reviews_right_person_id ON merge_reviews (right_person_id)")
    op.execute("CREATE INDEX ix_merge_reviews_state ON merge_reviews (state, opened_at)")
    op.execute(
        "CREATE UNIQUE INDEX uq_merge_reviews_open ON merge_reviews (left_person_id, right_person_id) WHERE state = 'open'"
    )
    op.execute(
        """
        CREATE TABLE erasures (
            erasure_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_erasures PRIMARY KEY,
            person_id bigint NOT NULL,
            members bigint[] NOT NULL,
            erased_by text NOT NULL,
            erased_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_erasures_erased_at ON erasures (erased_at)")
