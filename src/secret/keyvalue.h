/* Passwords without fixed form, in three steps: name and value round a keyword, kind of place,
 * score = name + shape + rarity - placeholder (secrets.md section 9). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_SECRET_KEYVALUE_H
#define PL_SECRET_KEYVALUE_H

#include "secret/hit.h"

/* How much a place is to be trusted. */
enum pl_kv_place {
    PL_KV_CONFIG, /* files that exist to hold settings */
    PL_KV_SCRIPT, /* shell and the like: settings and expressions */
    PL_KV_TEXT,   /* notes and logs: bare values, among prose */
    PL_KV_CODE,   /* values are quoted, the rest is expressions */
    PL_KV_DOC,    /* prose, manuals, translations, tests, lock files, binaries: only what is plainly
                     random */
};

/* What stands round the keyword. */
struct pl_kv {
    struct pl_str key, value;
    size_t off;   /* of the value in the text */
    bool quoted;  /* the value stands in quotes or between tags */
    char mark;    /* the quote, or 0 */
    bool tight;   /* "KEY=value" without blanks */
    bool comment; /* the line is a comment */
    bool beside;  /* nothing but a blank stands between key and value */
    bool token;   /* the key asks for a token, not for a password */
    bool member;  /* of an address or a connection string: "?key=v", ";Key=v" */
    bool list;    /* key and value are neighbours in a list or a call: no operator */
};

/* How a key is meant. */
enum pl_kv_name {
    PL_KV_NONE,
    PL_KV_TOKEN,
    PL_KV_PASSWORD,
    PL_KV_KEY, /* a key, and nothing says for what */
};

/* Finds key and value round the keyword; false when nothing is assigned there. Cheap. */
bool pl_kv_parse(const struct pl_hit *h, struct pl_kv *ret);
/* The kind of file by its path. */
enum pl_kv_place pl_kv_place_of(struct pl_str path);
/* What the key names, going by its words. */
enum pl_kv_name pl_kv_name_of(struct pl_str key);
/* Is `word`, a part of a key, one that says nothing of whose secret it is: "access_token"? */
bool pl_kv_is_general(struct pl_str word);
/* Is `value` a secret, given how its key is meant and where it stands? */
bool pl_kv_is_secret(const struct pl_kv *kv, enum pl_kv_name name, enum pl_kv_place place);
/* Is `value` plainly random, so that no word and no digest of a lock file has this form? */
bool pl_kv_is_random(const struct pl_kv *kv);
/* Is `value`, no secret by its looks ("password123"), still what somebody signs in with? */
bool pl_kv_is_weak_password(const struct pl_kv *kv, enum pl_kv_place place);
/* How unlike words the bytes are: about 0 for words, 1 and more for random text. */
double pl_kv_rarity(struct pl_str s);

#endif
