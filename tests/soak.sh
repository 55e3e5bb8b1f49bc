#!/bin/bash
# Random worlds that no run of the tests has seen, until MINUTES (default 10) have passed or one fails.
#
#   tests/soak.sh [MINUTES]
#
# `make test` throws the same dice each time, so that it says something about the tree and nothing else: this is where
# new worlds come from. What fails prints the seed that repeats it.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
until=$((SECONDS + ${1:-10} * 60)) rounds=0
while ((SECONDS < until)); do
    seed=$((SRANDOM % 1000000))
    echo "seed $seed"
    PROPS_SEED=$seed HISTORIES_SEED=$seed PUSH_FAULTS_SEED=$seed STANDALONE_FAULTS_SEED=$seed tests/run.sh agree props || exit
    ((++rounds))
done
echo "$rounds rounds, nothing found"
