"""The tables of synth.sqlite. People may open the file with any SQLite tool; the comments are for them."""

VERSION = 4

SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);      -- small things remembered, as JSON
CREATE TABLE chapters (                -- of the books as they are now
    place INTEGER PRIMARY KEY,         -- order on the shelf, from 0
    book TEXT NOT NULL, chapter INTEGER NOT NULL, title TEXT NOT NULL, characters INTEGER NOT NULL,
    UNIQUE (book, chapter)
);
CREATE VIEW books AS SELECT book, count(*) AS chapters, sum(characters) AS characters FROM chapters GROUP BY book;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    book TEXT NOT NULL, chapter INTEGER NOT NULL, start INTEGER NOT NULL,
    hash TEXT NOT NULL,                -- sha256 of the text
    place INTEGER,                     -- order of its chapter on the shelf; NULL: it no longer stands in the books
    text TEXT NOT NULL, UNIQUE (book, chapter, hash)
);
CREATE TABLE prompts (hash TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE models (                  -- what is known of a model at an endpoint
    endpoint TEXT NOT NULL, name TEXT NOT NULL,
    price_in REAL NOT NULL, price_out REAL NOT NULL,                 -- of a million tokens
    dialect TEXT,                      -- how to ask it, as JSON; NULL: not probed yet
    PRIMARY KEY (endpoint, name)
);
CREATE TABLE plans (                   -- the present plan of each strategy
    strategy TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,         -- what the plan depends on: settings, prompts, books
    complete INTEGER NOT NULL
);
CREATE TABLE texts (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL);  -- of messages, each once
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,          -- sha256 of model, messages, parameters, schema and slot
    plan INTEGER NOT NULL,             -- number of the last plan that wanted it; not in plans: it does not count now
    strategy TEXT NOT NULL, stage TEXT NOT NULL, slot TEXT NOT NULL,
    passage INTEGER REFERENCES passages(id),
    parent TEXT,                       -- key of the request whose reply made this one possible
    prompt TEXT REFERENCES prompts(hash),
    model TEXT NOT NULL,
    body TEXT NOT NULL,                -- parameters, with ids of texts for the messages and the schema
    rank INTEGER NOT NULL,             -- order of asking
    state TEXT NOT NULL,               -- open, waiting, sent, answered, read, failed, aside (cannot be read)
    due REAL NOT NULL DEFAULT 0,       -- waiting: when to try again, by the clock of the run
    tries INTEGER NOT NULL DEFAULT 0,
    avoid TEXT NOT NULL DEFAULT '',    -- hash of the key with which it failed last
    batch INTEGER REFERENCES batches(id)
);
CREATE INDEX requests_to_do ON requests (plan, state, rank);
CREATE INDEX requests_counted ON requests (strategy, stage, state);
CREATE INDEX requests_of_passage ON requests (passage);
CREATE TABLE replies (                 -- append-only, written before anything looks into them
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL REFERENCES requests(id), at REAL NOT NULL,
    outcome TEXT NOT NULL, accepted INTEGER NOT NULL, content TEXT NOT NULL, finish_reason TEXT, detail TEXT NOT NULL,
    tokens_in INTEGER, tokens_out INTEGER, cost REAL NOT NULL, seconds REAL NOT NULL,
    key_hash TEXT NOT NULL,            -- of the key that was used; the key itself is nowhere
    tokens_cached INTEGER NOT NULL DEFAULT 0,  -- of tokens_in, from the endpoint's cache
    estimated INTEGER NOT NULL DEFAULT 0       -- 1: the tokens are estimated from the text
);
CREATE INDEX replies_of_request ON replies (request);
CREATE UNIQUE INDEX one_accepted ON replies (request) WHERE accepted;
CREATE INDEX replies_counted ON replies (key_hash, outcome, tokens_in, tokens_out, cost);
CREATE INDEX replies_estimated ON replies (estimated) WHERE estimated;
CREATE TABLE items (                   -- what was read out of the replies; remade from them at will
    request INTEGER NOT NULL REFERENCES requests(id), item INTEGER NOT NULL,
    kind TEXT NOT NULL,                -- record, fact, name, text
    verdict TEXT NOT NULL,             -- accepted, or why not
    content TEXT NOT NULL, PRIMARY KEY (request, item)
);
CREATE INDEX items_counted ON items (kind, verdict, request);
CREATE VIEW facts AS SELECT * FROM items WHERE kind = 'fact';
CREATE VIEW records AS SELECT * FROM items WHERE kind = 'record';
CREATE TABLE verdicts (                -- of a judge (model and prompt) about a record
    record TEXT NOT NULL, judge TEXT NOT NULL, verdict TEXT NOT NULL, because TEXT NOT NULL,
    PRIMARY KEY (record, judge)
);
CREATE TABLE duplicates (              -- records left out because of an earlier one; remade at will
    record TEXT PRIMARY KEY, of TEXT NOT NULL,
    why TEXT NOT NULL,                 -- repeat, contradiction, leak
    similarity REAL NOT NULL
);
CREATE TABLE splits (                  -- once written, never changed
    key TEXT PRIMARY KEY,              -- a fact, or a group of facts that would give each other away
    split TEXT NOT NULL
);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, key_hash TEXT NOT NULL,
    state TEXT NOT NULL,               -- packed, uploaded, running, fetched, lost
    file TEXT, remote TEXT, detail TEXT NOT NULL DEFAULT ''
);
PRAGMA user_version = {VERSION};
"""
