/* The tables of a store in PostgreSQL, forward only. Text of others is bytea: it may be in any
 * encoding, and is ordered bytewise as everywhere else. What may be long is found by its hash,
 * which is a column: a function in a condition would keep row security from using an index. A row
 * belongs to a tenant, told by the login and enforced by the server. fleet.md section 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "store/pg_int.h"

#define TENANT "tenant bigint NOT NULL DEFAULT plimsoll.tenant()"
#define NUMBER(what)                                                                         \
    "id bigint NOT NULL DEFAULT nextval(('plimsoll." what "_' || plimsoll.tenant())::text::" \
    "regclass)"

#define ACCESS                                                                                    \
    "CREATE SCHEMA plimsoll;"                                                                     \
    "CREATE TABLE plimsoll.schema(version bigint PRIMARY KEY,"                                    \
    " at timestamptz NOT NULL DEFAULT now(), tool text NOT NULL);"                                \
    "CREATE TABLE plimsoll.tenant(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"            \
    " name text NOT NULL UNIQUE);"                                                                \
    "CREATE TABLE plimsoll.member(role name PRIMARY KEY,"                                         \
    " tenant bigint NOT NULL REFERENCES plimsoll.tenant,"                                         \
    " kind text NOT NULL CHECK(kind IN('owner','worker','reader')));" /* the login's tenant */    \
    "CREATE FUNCTION plimsoll.tenant() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER"       \
    " SET search_path = pg_catalog"                                                               \
    " AS 'SELECT tenant FROM plimsoll.member WHERE role = session_user';"                         \
    "CREATE FUNCTION plimsoll.add_tenant(called text) RETURNS bigint LANGUAGE plpgsql"            \
    " SET search_path = pg_catalog AS $$ DECLARE t bigint; s text; BEGIN"                         \
    " SELECT id INTO t FROM plimsoll.tenant WHERE name = called;"                                 \
    " IF t IS NULL THEN INSERT INTO plimsoll.tenant(name) VALUES(called) RETURNING id INTO t;"    \
    " FOREACH s IN ARRAY ARRAY['package','place','layer','flaw'] LOOP"                            \
    " EXECUTE format('CREATE SEQUENCE plimsoll.%I', s || '_' || t); END LOOP; END IF;"            \
    " RETURN t; END $$;" /* what each login may do; anew after each change of the tables */       \
    "CREATE FUNCTION plimsoll.grants() RETURNS void LANGUAGE plpgsql"                             \
    " SET search_path = pg_catalog AS $$ DECLARE m record; c text; BEGIN"                         \
    " FOR m IN SELECT * FROM plimsoll.member WHERE kind <> 'owner' LOOP"                          \
    " EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA plimsoll FROM %I', m.role);"             \
    " EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA plimsoll FROM %I', m.role);"          \
    " EXECUTE format('GRANT USAGE ON SCHEMA plimsoll TO %I', m.role);"                            \
    " EXECUTE format('GRANT SELECT ON plimsoll.schema TO %I', m.role);"                           \
    " FOR c IN SELECT relname FROM pg_class WHERE relnamespace = 'plimsoll'::regnamespace"        \
    " AND relkind = 'r' AND relforcerowsecurity LOOP"                                             \
    " EXECUTE format('GRANT SELECT ON plimsoll.%I TO %I', c, m.role);"                            \
    " IF m.kind = 'worker' THEN"                                                                  \
    " EXECUTE format('GRANT INSERT, UPDATE, DELETE ON plimsoll.%I TO %I', c, m.role); END IF;"    \
    " END LOOP; IF m.kind = 'worker' THEN"                                                        \
    " FOREACH c IN ARRAY ARRAY['package','place','layer','flaw'] LOOP"                            \
    " EXECUTE format('GRANT USAGE ON SEQUENCE plimsoll.%I TO %I', c || '_' || m.tenant, m.role);" \
    " END LOOP; END IF; END LOOP; END $$;"                                                        \
    "CREATE FUNCTION plimsoll.secure(t text) RETURNS void LANGUAGE plpgsql"                       \
    " SET search_path = pg_catalog AS $$ BEGIN"                                                   \
    " EXECUTE format('ALTER TABLE plimsoll.%1$I ENABLE ROW LEVEL SECURITY,"                       \
    " FORCE ROW LEVEL SECURITY', t);"                                                             \
    " EXECUTE format('CREATE POLICY own ON plimsoll.%1$I"                                         \
    " USING (tenant = (SELECT plimsoll.tenant()))', t); END $$;"

#define FACTS                                                                                     \
    "CREATE TABLE plimsoll.package(" TENANT ", " NUMBER(                                          \
        "package") ", print bytea NOT NULL,"                                                      \
                   " type bytea NOT NULL, ns bytea NOT NULL, name bytea NOT NULL, version bytea " \
                   "NOT NULL,"                                                                    \
                   " facts bytea NOT NULL, PRIMARY KEY(tenant, id), UNIQUE(tenant, print));"      \
                   "CREATE INDEX package_name ON plimsoll.package USING hash(name);"              \
                   "CREATE TABLE plimsoll.place(" TENANT ", " NUMBER(                             \
                       "place") ", print bytea NOT NULL,"                                         \
                                " paths bytea NOT NULL, PRIMARY KEY(tenant, id), UNIQUE(tenant, " \
                                "print));"                                                        \
                                "CREATE TABLE plimsoll.layer(" TENANT ", " NUMBER(                \
                                    "layer") ", print bytea NOT NULL,"                            \
                                             " digest bytea NOT NULL, facts bytea NOT NULL, "     \
                                             "PRIMARY KEY(tenant, id),"                           \
                                             " UNIQUE(tenant, print));"                           \
                                             "CREATE INDEX layer_digest ON plimsoll.layer USING " \
                                             "hash(digest);"                                      \
                                             "CREATE TABLE plimsoll.pkgset(" TENANT               \
                                             ", id bigint GENERATED BY DEFAULT AS IDENTITY"       \
                                             " PRIMARY KEY, print bytea NOT NULL, members bytea " \
                                             "NOT NULL, UNIQUE(tenant, print));"

#define IMAGES                                                                                 \
    "CREATE TABLE plimsoll.image(" TENANT ", id bigint GENERATED BY DEFAULT AS IDENTITY"       \
    " PRIMARY KEY, name bytea NOT NULL, digest bytea NOT NULL, platform bytea NOT NULL,"       \
    " kind bytea NOT NULL, complete bigint NOT NULL, notes bytea NOT NULL,"                    \
    " layers bytea NOT NULL, pkgset bigint NOT NULL, at bigint NOT NULL, tool bytea NOT NULL," \
    " rules bytea NOT NULL, db bytea NOT NULL, mark bytea NOT NULL, key bytea NOT NULL"        \
    " GENERATED ALWAYS AS (sha256(sha256(name) || sha256(digest) || sha256(platform) ||"       \
    " sha256(mark))) STORED, UNIQUE(tenant, key));"                                            \
    "CREATE INDEX image_digest ON plimsoll.image USING hash(digest);"                          \
    "CREATE INDEX image_set ON plimsoll.image(pkgset);"                                        \
    "CREATE TABLE plimsoll.finding(" TENANT ", image bigint NOT NULL, n bigint NOT NULL,"      \
    " kind bytea NOT NULL, rule bytea NOT NULL, severity bigint NOT NULL,"                     \
    " fingerprint bytea NOT NULL, evidence bytea NOT NULL, surface bigint NOT NULL,"           \
    " path bytea NOT NULL, line bigint NOT NULL, introduced bigint, hidden bigint,"            \
    " visible bigint NOT NULL, PRIMARY KEY(image, n));"                                        \
    "CREATE INDEX finding_rule ON plimsoll.finding USING hash(rule);"

#define MATCHES                                                                                    \
    "CREATE TABLE plimsoll.flaw(" TENANT ", " NUMBER(                                              \
        "flaw") ", subject bytea NOT NULL,"                                                        \
                " rule bytea NOT NULL, key bytea NOT NULL GENERATED ALWAYS AS"                     \
                " (sha256(sha256(subject) || sha256(rule))) STORED, PRIMARY KEY(tenant, id),"      \
                " UNIQUE(tenant, key));"                                                           \
                "CREATE INDEX flaw_rule ON plimsoll.flaw USING hash(rule);"                        \
                "CREATE TABLE plimsoll.run(" TENANT ", id bigint GENERATED BY DEFAULT AS IDENTITY" \
                " PRIMARY KEY, at bigint NOT NULL, tool bytea NOT NULL, db bytea NOT NULL);"       \
                "CREATE TABLE plimsoll.state(" TENANT                                              \
                ", image bigint PRIMARY KEY, first bigint NOT NULL,"                               \
                " flaws bytea NOT NULL);"                                                          \
                "CREATE TABLE plimsoll.change(" TENANT                                             \
                ", image bigint NOT NULL, run bigint NOT NULL,"                                    \
                " new bytea NOT NULL, gone bytea NOT NULL, PRIMARY KEY(image, run));"

#define SECURE_1                                                                              \
    "SELECT plimsoll.secure(t) FROM unnest(ARRAY['package','place','layer','pkgset','image'," \
    "'finding','flaw','run','state','change']) AS t;"

/* The clock of the server: those of the workers may differ. */
#define CLOCK                                                                   \
    "CREATE FUNCTION plimsoll.unixepoch() RETURNS bigint LANGUAGE sql VOLATILE" \
    " AS 'SELECT extract(epoch FROM clock_timestamp())::bigint';"

#define QUEUE                                                                                   \
    "CREATE TABLE plimsoll.found(" TENANT ", image bigint PRIMARY KEY, bytes bytea NOT NULL);"  \
    "CREATE TABLE plimsoll.record(" TENANT ", key bytea NOT NULL, digest bytea NOT NULL,"       \
    " tool bytea NOT NULL, rules bytea NOT NULL, at bigint NOT NULL, bytes bytea NOT NULL,"     \
    " PRIMARY KEY(tenant, key));"                                                               \
    "ALTER TABLE plimsoll.record ALTER COLUMN bytes SET STORAGE EXTERNAL;"                      \
    "CREATE TABLE plimsoll.job(" TENANT ", id bigint GENERATED BY DEFAULT AS IDENTITY"          \
    " PRIMARY KEY, key bytea NOT NULL, kind bigint NOT NULL, target bytea NOT NULL,"            \
    " digest bytea NOT NULL, host bytea NOT NULL, priority bigint NOT NULL,"                    \
    " added bigint NOT NULL, state bigint NOT NULL DEFAULT 0, waits bigint NOT NULL DEFAULT 0," \
    " tries bigint NOT NULL DEFAULT 0, fails bigint NOT NULL DEFAULT 0,"                        \
    " ready_at bigint NOT NULL DEFAULT 0, lease_until bigint NOT NULL DEFAULT 0,"               \
    " done_at bigint NOT NULL DEFAULT 0, worker bytea NOT NULL DEFAULT '',"                     \
    " error bytea NOT NULL DEFAULT '', UNIQUE(tenant, key))"                                    \
    " WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);"                           \
    "CREATE INDEX job_ready ON plimsoll.job(tenant, priority DESC, id) WHERE state = 0;"        \
    "CREATE INDEX job_leased ON plimsoll.job(tenant, lease_until) WHERE state = 1;"             \
    "CREATE TABLE plimsoll.wait(" TENANT ", job bigint NOT NULL, waiter bigint NOT NULL,"       \
    " PRIMARY KEY(job, waiter));"                                                               \
    "CREATE TABLE plimsoll.bucket(" TENANT ", host bytea NOT NULL, tokens bigint NOT NULL,"     \
    " at bigint NOT NULL, until bigint NOT NULL, PRIMARY KEY(tenant, host));"                   \
    "SELECT plimsoll.secure(t) FROM unnest(ARRAY['found','record','job','wait','bucket']) AS t"

/* Lists are small enough for a page, where they are found at once; the index is read in part. */
#define INDEX                                                                                    \
    "ALTER TABLE plimsoll.package ADD COLUMN source bytea, ADD COLUMN subject bytea;"            \
    "CREATE INDEX package_source ON plimsoll.package USING hash(source);"                        \
    "CREATE INDEX package_subject ON plimsoll.package USING hash(subject);"                      \
    "CREATE INDEX package_old ON plimsoll.package(tenant, id) WHERE source IS NULL;"             \
    "CREATE INDEX image_name ON plimsoll.image USING hash(name);"                                \
    "CREATE INDEX pkgset_tail ON plimsoll.pkgset(tenant, id);"                                   \
    "ALTER TABLE plimsoll.pkgset SET (toast_tuple_target = 8160);"                               \
    "CREATE TABLE plimsoll.segment(" TENANT ", last bigint NOT NULL, first bigint NOT NULL,"     \
    " buckets bytea NOT NULL, PRIMARY KEY(tenant, last));"                                       \
    "CREATE TABLE plimsoll.posting(" TENANT ", bucket bigint NOT NULL, segment bigint NOT NULL," \
    " sets bytea NOT NULL, PRIMARY KEY(tenant, bucket, segment))"                                \
    " WITH (toast_tuple_target = 8160);"                                                         \
    "SELECT plimsoll.secure(t) FROM unnest(ARRAY['segment','posting']) AS t"

/* Each statement asks for the tenant: in this language the server keeps the plan of it. */
#define QUICK_TENANT                                                                      \
    "CREATE OR REPLACE FUNCTION plimsoll.tenant() RETURNS bigint LANGUAGE plpgsql STABLE" \
    " SECURITY DEFINER SET search_path = pg_catalog AS $$ BEGIN"                          \
    " RETURN (SELECT tenant FROM plimsoll.member WHERE role = session_user); END $$;"

/* Names are as long as registries and clusters allow, a few hundred bytes: they may be keys. */
#define FLEET                                                                                    \
    "ALTER TABLE plimsoll.job ADD COLUMN turn bigint NOT NULL DEFAULT 0,"                        \
    " ADD COLUMN told bigint NOT NULL DEFAULT 0;"                                                \
    "DROP INDEX plimsoll.job_ready;"                                                             \
    "CREATE INDEX job_ready ON plimsoll.job(tenant, priority DESC, turn, id) WHERE state = 0;"   \
    "CREATE INDEX job_aside ON plimsoll.job(tenant, id) WHERE state = 3;"                        \
    "CREATE INDEX change_run ON plimsoll.change(run);"                                           \
    "CREATE INDEX state_first ON plimsoll.state(first);"                                         \
    "CREATE INDEX wait_waiter ON plimsoll.wait(waiter);"                                         \
    "CREATE TABLE plimsoll.share(" TENANT ", name bytea NOT NULL, turn bigint NOT NULL,"         \
    " PRIMARY KEY(tenant, name)) WITH (fillfactor = 50);"                                        \
    "CREATE TABLE plimsoll.schedule(" TENANT ", name bytea NOT NULL, at bigint NOT NULL,"        \
    " value bytea NOT NULL, PRIMARY KEY(tenant, name));"                                         \
    "CREATE TABLE plimsoll.ref(" TENANT ", id bigint GENERATED BY DEFAULT AS IDENTITY"           \
    " PRIMARY KEY, name bytea NOT NULL, registry bytea NOT NULL, repository bytea NOT NULL,"     \
    " tag bytea NOT NULL, image bytea NOT NULL, since bigint NOT NULL,"                          \
    " until bigint NOT NULL DEFAULT 0, seen bigint NOT NULL);"                                   \
    "CREATE UNIQUE INDEX ref_now ON plimsoll.ref(tenant, name) WHERE until = 0;"                 \
    "CREATE INDEX ref_name ON plimsoll.ref USING hash(name);"                                    \
    "CREATE INDEX ref_image ON plimsoll.ref USING hash(image);"                                  \
    "CREATE INDEX ref_place ON plimsoll.ref(tenant, registry, repository) WHERE until = 0;"      \
    "CREATE TABLE plimsoll.exposure(" TENANT ", id bigint GENERATED BY DEFAULT AS IDENTITY"      \
    " PRIMARY KEY, cluster bytea NOT NULL, ns bytea NOT NULL, kind bytea NOT NULL,"              \
    " owner bytea NOT NULL, image bytea NOT NULL, name bytea NOT NULL, since bigint NOT NULL,"   \
    " seen bigint NOT NULL, until bigint NOT NULL DEFAULT 0,"                                    \
    " UNIQUE(tenant, cluster, ns, kind, owner, image));"                                         \
    "CREATE INDEX exposure_image ON plimsoll.exposure USING hash(image);"                        \
    "CREATE INDEX exposure_name ON plimsoll.exposure USING hash(name);"                          \
    "CREATE TABLE plimsoll.outbox(" TENANT ", id bigint GENERATED BY DEFAULT AS IDENTITY"        \
    " PRIMARY KEY, hook bytea NOT NULL, shown bytea NOT NULL, key bytea NOT NULL,"               \
    " body bytea NOT NULL, added bigint NOT NULL, due bigint NOT NULL DEFAULT 0,"                \
    " tries bigint NOT NULL DEFAULT 0, state bigint NOT NULL DEFAULT 0,"                         \
    " done_at bigint NOT NULL DEFAULT 0, error bytea NOT NULL DEFAULT '',"                       \
    " UNIQUE(tenant, hook, key));"                                                               \
    "CREATE INDEX outbox_due ON plimsoll.outbox(tenant, hook, id) WHERE state = 0;"              \
    "CREATE TABLE plimsoll.rebuild(" TENANT ", image bigint PRIMARY KEY, print bytea NOT NULL);" \
    "SELECT plimsoll.secure(t) FROM unnest(ARRAY['share','schedule','ref','exposure','outbox',"  \
    "'rebuild']) AS t"

#define MATCHED                                                                               \
    "CREATE TABLE plimsoll.matched(" TENANT ", what bigint NOT NULL, turn bigint NOT NULL,"   \
    " top bigint NOT NULL, facts bytea NOT NULL, PRIMARY KEY(tenant, what));"                 \
    "CREATE TABLE plimsoll.matched_print(" TENANT ", what bigint NOT NULL, bucket bigint NOT" \
    " NULL, prints bytea NOT NULL, PRIMARY KEY(tenant, what, bucket))"                        \
    " WITH (toast_tuple_target = 8160);"                                                      \
    "ALTER TABLE plimsoll.matched_print ALTER COLUMN prints SET STORAGE EXTERNAL;"            \
    "CREATE TABLE plimsoll.fresh(" TENANT ", image bigint PRIMARY KEY, n bigint NOT NULL"     \
    " GENERATED BY DEFAULT AS IDENTITY);"                                                     \
    "SELECT plimsoll.secure(t) FROM unnest(ARRAY['matched','matched_print','fresh']) AS t;"

/* Half of a hash tells as well; states are changed in place, beside those that were there; all is
 * asked for with the tenant, so that one index of lists is enough. */
#define IMAGE_KEY PL_SQL_KEY("sha256(name) || sha256(digest) || sha256(platform) || sha256(mark)")
#define FLAW_KEY PL_SQL_KEY("sha256(subject) || sha256(rule)")
#define SMALLER                                                                                \
    "ALTER TABLE plimsoll.image DROP COLUMN key;"                                              \
    "ALTER TABLE plimsoll.image ADD COLUMN key bytea NOT NULL GENERATED ALWAYS AS (" IMAGE_KEY \
    ") STORED, ADD UNIQUE(tenant, key);"                                                       \
    "ALTER TABLE plimsoll.flaw DROP COLUMN key;"                                               \
    "ALTER TABLE plimsoll.flaw ADD COLUMN key bytea NOT NULL GENERATED ALWAYS AS (" FLAW_KEY   \
    ") STORED, ADD UNIQUE(tenant, key);"                                                       \
    "ALTER TABLE plimsoll.pkgset DROP CONSTRAINT pkgset_pkey, ADD PRIMARY KEY(tenant, id);"    \
    "DROP INDEX plimsoll.pkgset_tail;"                                                         \
    "ALTER TABLE plimsoll.state SET (fillfactor = 50)"

const char *const pl_pg_step[] = {
    ACCESS FACTS IMAGES MATCHES SECURE_1
    "INSERT INTO plimsoll.member VALUES(session_user, plimsoll.add_tenant('default'), 'owner')",
    CLOCK QUEUE,
    INDEX,
    QUICK_TENANT FLEET,
    MATCHED SMALLER,
};
_Static_assert(PL_COUNT(pl_pg_step) == PL_STORE_SCHEMA, "a step for each schema");
