#!/bin/sh
# What a real one does stands here; arguments come as variables of the environment.
set -eu
echo send >&2
