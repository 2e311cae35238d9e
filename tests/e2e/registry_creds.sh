#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where credentials go, and over what.
exec python3 "$PL_SRC/tests/e2e/registry.py" auth foreign transport
