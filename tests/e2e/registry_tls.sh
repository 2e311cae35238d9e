#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Uploads, and the same broken and unwilling registries over TLS, which is to say through libcurl.
exec python3 "$PL_SRC/tests/e2e/registry.py" tls uploads bodies statuses
