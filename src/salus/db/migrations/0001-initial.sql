-- The first schema. Every tenant table: tenant_id first in every key, FORCE row-level security, one
-- policy. salus_app sees one tenant per transaction; salus_operator sees no chart.

CREATE TABLE tenant (
    tenant_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    state      smallint NOT NULL DEFAULT 1,          -- identity::TenantState
    created_us bigint NOT NULL
);

CREATE TABLE person (
    tenant_id       bigint NOT NULL REFERENCES tenant,
    person_id       bigint GENERATED ALWAYS AS IDENTITY,
    username        text NOT NULL,
    role            smallint NOT NULL,               -- access role, catalog/access/roles.yaml
    state           smallint NOT NULL DEFAULT 1,
    practitioner    uuid,                            -- key of the Practitioner resource
    password_hash   text NOT NULL,                   -- Argon2id, PHC string
    totp_sealed     bytea NOT NULL,
    totp_last_step  bigint NOT NULL DEFAULT 0,       -- RFC 6238 5.2: a step works once
    login_failures  int NOT NULL DEFAULT 0,
    paused_until_us bigint NOT NULL DEFAULT 0,
    created_us      bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, username)
);

CREATE TABLE session (
    tenant_id  bigint NOT NULL REFERENCES tenant,
    token_hash bytea NOT NULL,                       -- SHA-256: the token itself is never stored
    person_id  bigint NOT NULL,
    created_us bigint NOT NULL,
    seen_us    bigint NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);

CREATE TABLE client (
    tenant_id  bigint NOT NULL REFERENCES tenant,
    client_id  bigint GENERATED ALWAYS AS IDENTITY,
    name       text NOT NULL,
    scopes     text NOT NULL,
    token_hash bytea NOT NULL,
    state      smallint NOT NULL DEFAULT 1,
    created_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, client_id),
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, token_hash)
);

-- Who has whom under care, and which resource says so.
CREATE TABLE care (
    tenant_id    bigint NOT NULL,
    practitioner uuid NOT NULL,
    patient      uuid NOT NULL,
    source_type  smallint NOT NULL,
    source       uuid NOT NULL,
    from_us      bigint NOT NULL,
    until_us     bigint NOT NULL,                    -- exclusive; 'infinity' is 2^63-1
    PRIMARY KEY (tenant_id, practitioner, patient, source_type, source, from_us)
);
CREATE INDEX care_source ON care (tenant_id, source_type, source);

-- The current version of each resource; body NULL: deleted.
CREATE TABLE resource (
    tenant_id  bigint NOT NULL,
    updated_us bigint NOT NULL,
    id         uuid NOT NULL,                        -- fhir::ResourceKey
    patient    uuid,                                 -- compartment; NULL: not one patient's
    version    int NOT NULL,
    type       smallint NOT NULL,
    flags      smallint NOT NULL DEFAULT 0,
    codes      bigint[],                             -- blind-index tokens of coded values and dates
    more_patients bytea,                             -- keys of further patients, 16 bytes each
    body       bytea,                                -- zstd, then sealed
    PRIMARY KEY (tenant_id, type, id)
);
-- (type::int), not type: a condition on it fits this index alone, so that the planner can't take the
-- primary key's (tenant_id, type) for one patient's resources while it has no statistics yet.
CREATE INDEX resource_patient ON resource (tenant_id, patient, (type::int), id)
    WHERE patient IS NOT NULL;
ALTER TABLE resource ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE resource_history (
    tenant_id  bigint NOT NULL,
    updated_us bigint NOT NULL,
    id         uuid NOT NULL,
    patient    uuid,
    version    int NOT NULL,
    type       smallint NOT NULL,
    flags      smallint NOT NULL DEFAULT 0,
    more_patients bytea,
    body       bytea,
    PRIMARY KEY (tenant_id, type, id, version)
);
ALTER TABLE resource_history ALTER COLUMN body SET STORAGE EXTERNAL;

-- Selective blind-index tokens: identifiers, names, birth dates, references outside the compartment.
CREATE TABLE token (
    tenant_id bigint NOT NULL,
    token     bigint NOT NULL,
    id        uuid NOT NULL,
    type      smallint NOT NULL
);
CREATE INDEX token_value ON token (tenant_id, token);

-- Audit records on their way into the log; the sequencer deletes what a signed checkpoint covers.
CREATE TABLE audit_outbox (
    tenant_id bigint NOT NULL,
    seq       bigint GENERATED ALWAYS AS IDENTITY,
    record    bytea NOT NULL,                        -- audit/detail/record_codec.h
    PRIMARY KEY (tenant_id, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0);           -- rows come and go by the thousand a second
ALTER TABLE audit_outbox ALTER COLUMN record SET STORAGE EXTERNAL;  -- keys do not compress

-- The tree the last sequencing step signed: a log on disk that is smaller or another is not continued.
CREATE TABLE audit_head (
    tenant_id bigint PRIMARY KEY,
    tree_size bigint NOT NULL,
    root_hash bytea NOT NULL
);

-- A request applied once: the import sends a key with each bundle and may send it again.
CREATE TABLE applied_request (
    tenant_id  bigint NOT NULL,
    key        bytea NOT NULL,
    applied_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenant', 'person', 'session', 'client', 'care', 'resource',
                                'resource_history', 'token', 'audit_outbox', 'applied_request'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_tenant ON %I TO salus_app USING (tenant_id = '
                       'NULLIF(current_setting(''salus.tenant'', true), '''')::bigint)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO salus_app', name);
    END LOOP;
END $$;
REVOKE INSERT, UPDATE, DELETE ON tenant FROM salus_app;
REVOKE UPDATE, DELETE ON audit_outbox FROM salus_app;

CREATE POLICY platform ON tenant TO salus_operator USING (true);
CREATE POLICY platform ON audit_outbox TO salus_operator USING (true);
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_head FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON audit_head TO salus_operator USING (true);
GRANT SELECT, INSERT, UPDATE ON tenant TO salus_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_outbox TO salus_operator;
GRANT SELECT, INSERT, UPDATE ON audit_head TO salus_operator;
