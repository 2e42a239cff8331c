#!/bin/sh
# What rotations are worth on this model with outlier channels put into it (outliers.py):
#   rotation.sh FOLDER_OF_THE_BUILD WORK_FOLDER [BYTES]
# Prints a table of perplexities; rotation.md has the one that was recorded.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
halfbyte=$1/cli/halfbyte
llama=$1/examples/llama/halfbyte-llama
work=$2
bytes=${3:-16384}
mkdir -p "$work"
for kind in input value query; do
  python3 "$here/outliers.py" "$here/f16" "$work/$kind" "$kind" >&2
done
"$halfbyte" rotate "$here/f16" "$work/rotated"
"$halfbyte" rotate "$work/input" "$work/input-gains" --no-residual --no-heads
"$halfbyte" rotate "$work/input" "$work/input-r1" --no-heads
"$halfbyte" rotate "$work/value" "$work/value-r2" --no-residual
for name in rotated input input-gains input-r1 value value-r2; do
  "$halfbyte" quantize "$work/$name" "$work/$name-w4" >"$work/$name.log"
done
perplexity() {  # label, folder, attention
  "$llama" --model "$2" --perplexity "$here/heldout.txt" --bytes "$bytes" --attention "$3" |
    sed "s/perplexity \([0-9.]*\),.*/| $1 | \1 |/"
}
echo "| model, first $bytes bytes of heldout.txt | perplexity |"
echo "|---|--:|"
perplexity "16 bit" "$here/f16" f32
perplexity "16 bit, rotated (R1, R2)" "$work/rotated" f32
for kind in input value query; do
  perplexity "16 bit, $kind outliers" "$work/$kind" f32
done
perplexity "W4A16" "$here/gptq-sym-g128" f32
perplexity "W4A16, rotated (R1, R2)" "$work/rotated-w4" f32
perplexity "W4A16, input outliers" "$work/input-w4" f32
perplexity "W4A16, input outliers, gains folded" "$work/input-gains-w4" f32
perplexity "W4A16, input outliers, R1" "$work/input-r1-w4" f32
perplexity "W4A16, value outliers" "$work/value-w4" f32
perplexity "W4A16, value outliers, R2" "$work/value-r2-w4" f32
perplexity "FP8 attention" "$here/f16" fp8
perplexity "FP8 attention, H on q and k" "$here/f16" fp8-hadamard
perplexity "FP8 attention, query outliers" "$work/query" fp8
perplexity "FP8 attention, query outliers, H on q and k" "$work/query" fp8-hadamard
