/* Is this a sanitizer build? Its run-time needs more than the sandbox leaves (hazards.md section 4:
 * such builds run with the sandbox off), so tests of the closed child are skipped. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TESTS_SANITIZED_H
#define PL_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
