/* Predicate types of in-toto statements; formats/signing.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/predicate.h"

static const struct {
    const char *word, *uri;
} words[] = {
    { "custom", "https://cosign.sigstore.dev/attestation/v1" },
    { "vuln", PL_PREDICATE_VULN },
    { "slsaprovenance", "https://slsa.dev/provenance/v0.2" },
    { "slsaprovenance02", "https://slsa.dev/provenance/v0.2" },
    { "slsaprovenance1", "https://slsa.dev/provenance/v1" },
    { "spdx", PL_PREDICATE_SPDX },
    { "spdxjson", PL_PREDICATE_SPDX },
    { "cyclonedx", PL_PREDICATE_CYCLONEDX },
    { "link", "https://in-toto.io/Link/v1" },
    { "openvex", "https://openvex.dev/ns" },
    { "scan", PL_PREDICATE_SCAN },
    { "secret", PL_PREDICATE_SECRET },
    { "lint", PL_PREDICATE_OURS "lint:v1" },
    { "scrub", PL_PREDICATE_OURS "scrub:v1" },
};

struct pl_str pl_predicate_word(struct pl_str word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (pl_str_is(word, words[i].word))
            return pl_str_c(words[i].uri);
    return PL_S("");
}
