-- What the first version of the schema was, with a session in it.
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE user (
    id TEXT NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL,
    key TEXT NOT NULL,
    username TEXT NOT NULL,
    active INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    password TEXT,
    UNIQUE (realm, key)
);

CREATE TABLE session (
    token BLOB NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    username TEXT NOT NULL,
    level INTEGER NOT NULL,
    proved INTEGER NOT NULL,
    created INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    time_max INTEGER NOT NULL,
    idle_max INTEGER NOT NULL,
    properties TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of_subject ON session (realm, subject);

CREATE TABLE run (
    id BLOB NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    state BLOB
) WITHOUT ROWID;
CREATE INDEX run_by_exp ON run (exp);

CREATE TABLE counter (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    failures INTEGER NOT NULL,
    window_from INTEGER NOT NULL,
    total INTEGER NOT NULL,
    locks INTEGER NOT NULL,
    locked_from INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (realm, subject, kind)
) WITHOUT ROWID;

CREATE TABLE effect (
    run BLOB NOT NULL,
    generation INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    reply TEXT,
    PRIMARY KEY (run, generation, ordinal)
) WITHOUT ROWID;
CREATE INDEX effect_by_exp ON effect (exp);

CREATE TABLE program (
    realm TEXT NOT NULL,
    edition TEXT NOT NULL,
    sources TEXT NOT NULL,
    PRIMARY KEY (realm, edition)
) WITHOUT ROWID;

CREATE TABLE pin (
    realm TEXT NOT NULL,
    hash TEXT NOT NULL,
    edition TEXT NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (realm, hash)
) WITHOUT ROWID;

PRAGMA application_id = 1463900486;
PRAGMA user_version = 1;
INSERT INTO session VALUES (zeroblob(32), 'h1', '/alpha', 'u1', 'demo', 20, 1, 1000, 1000, 60000, 60000, '{}');
