#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Broken, lying and unwilling registries.
exec python3 "$PL_SRC/tests/e2e/registry.py" bodies statuses
