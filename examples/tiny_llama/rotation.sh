#!/bin/sh
# What rotations are worth on this model with outlier channels put into it (outliers.py):
#   rotation.sh FOLDER_OF_THE_BUILD WORK_FOLDER [BYTES]
# Prints tables of perplexities; rotation.md says what they mean. 16384 bytes take 15 minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
halfbyte=$1/cli/halfbyte
llama=$1/examples/llama/halfbyte-llama
work=$2
bytes=${3:-16384}
mkdir -p "$work"

outliers() {  # from, to, kind, factor
  python3 "$here/outliers.py" "$1" "$work/$2" "$3" ${4:+"$4"} >&2
}
rotate() {  # from, to, options
  from=$1 to=$2
  shift 2
  "$halfbyte" rotate "$from" "$work/$to" "$@"
}
figure() {  # folder, options of halfbyte-llama
  folder=$1
  shift
  "$llama" --model "$folder" --perplexity "$here/heldout.txt" --bytes "$bytes" "$@" |
    sed 's/perplexity \([0-9.]*\),.*/\1/'
}

ln -sfn "$here/f16" "$work/f16"
for factor in 4 8 16 64; do
  outliers "$here/f16" "query-$factor" query $factor
done
for factor in 8 64; do
  outliers "$here/f16" "key-$factor" key $factor
done
for factor in 8 32; do
  outliers "$here/f16" "value-$factor" value $factor
  rotate "$work/value-$factor" "value-$factor-r2" --no-residual
done
outliers "$here/f16" input input
outliers "$here/f16" inner inner
rotate "$here/f16" f16-r2 --no-residual
rotate "$here/f16" f16-gains --no-residual --no-heads
outliers "$work/f16-gains" stream stream
for name in f16 input inner stream; do
  rotate "$work/$name" "$name-r1r2"
done
rotate "$here/f16" f16-r1r2-other --seed 2
rotate "$work/input" input-gains --no-residual --no-heads
rotate "$work/input" input-r1 --no-heads
for name in f16 f16-r2 f16-gains f16-r1r2 f16-r1r2-other input input-gains input-r1 input-r1r2 \
    inner inner-r1r2 query-64 key-64 stream stream-r1r2 value-8 value-8-r2 value-32 value-32-r2; do
  "$halfbyte" quantize "$work/$name" "$work/$name-w4" >"$work/$name.log"
done

table() {  # columns
  echo
  echo "$1"
  echo "$1" | sed 's/[^|]*|/--:|/g; s/^--:|--:/|---/'
}

commit=$(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)
processor=$(sed -n 's/^model name.*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
echo "# examples/tiny_llama/rotation.sh, commit $commit, ${processor:-$(uname -m)}, $(date +%F)"
echo
echo "Perplexity of a byte, the first $bytes bytes of heldout.txt."
echo
echo "## Weights"
table "| model | 16 bit | W4A16 |"
weights() {  # label, folder
  echo "| $1 | $(figure "$work/$2") | $(figure "$work/$2-w4") |"
}
weights "as it is" f16
weights "R1, R2" f16-r1r2
weights "R1, R2, other signs" f16-r1r2-other
weights "input outliers x 32" input
weights "input outliers x 32, gains folded" input-gains
weights "input outliers x 32, R1" input-r1
weights "value outliers x 32" value-32
weights "value outliers x 32, R2" value-32-r2
weights "inner outliers x 32" inner
weights "query outliers x 64" query-64
weights "key outliers x 64" key-64
weights "stream in principal axes" stream
weights "stream in principal axes, R1, R2" stream-r1r2

attention() {  # label, codes, scales, parts, folders; FOLDER+qk: with H on q and k
  line="| $1 |" codes=$2 scales=$3 parts=$4
  shift 4
  for name in "$@"; do
    turn=; [ "$name" = "${name%+qk}" ] || turn="--hadamard qk"
    line="$line $(figure "$work/${name%+qk}" --attention-codes "$codes" \
      --attention-scales "$scales" --attention-parts "$parts" $turn) |"
  done
  echo "$line"
}

echo
echo "## Attention: q, k and v rounded"
table "| codes, scale for each | as it is | H | query x 8 | H | query x 64 | H |"
for codes in e4m3 int8 int4; do
  for scales in tensor row; do
    attention "$codes, $scales" $codes $scales qkv \
      f16 f16+qk query-8 query-8+qk query-64 query-64+qk
  done
done

table "| codes, scale for each | query x 4 | H | query x 16 | H |"
for codes in e4m3 int8 int4; do
  attention "$codes, row" $codes row qkv query-4 query-4+qk query-16 query-16+qk
done

echo
echo "## A cache of keys: k rounded"
table "| codes, scale for each | as it is | H | key x 8 | H | key x 64 | H |"
for codes in e4m3 int8 int4; do
  attention "$codes, row" $codes row k f16 f16+qk key-8 key-8+qk key-64 key-64+qk
done

echo
echo "## A cache of values: v rounded"
table "| codes, scale for each | as it is | R2 | value x 8 | R2 | value x 32 | R2 |"
for codes in e4m3 int8 int4; do
  attention "$codes, row" $codes row v f16 f16-r2 value-8 value-8-r2 value-32 value-32-r2
done
attention "int4, row; W4" int4 row v \
  f16-w4 f16-r2-w4 value-8-w4 value-8-r2-w4 value-32-w4 value-32-r2-w4

echo
echo "## Inputs of the linears rounded, a scale for each token"
table "| model | A8 | A4 | W4A8 | W4A4 |"
linears() {  # label, folder, options
  line="| $1 |" name=$2
  shift 2
  for folder in "$work/$name" "$work/$name-w4"; do
    for codes in int8 int4; do
      line="$line $(figure "$folder" --linear-codes $codes "$@") |"
    done
  done
  echo "$line"
}
linears "as it is" f16
linears "gains folded" f16-gains
linears "R1, R2" f16-r1r2
linears "R1, R2, other signs" f16-r1r2-other
linears "H on down_proj's input" f16 --hadamard down
linears "R1, R2, H on down_proj's input" f16-r1r2 --hadamard down
linears "input outliers x 32" input
linears "input outliers x 32, gains folded" input-gains
linears "input outliers x 32, R1, R2" input-r1r2
linears "inner outliers x 32" inner
linears "inner outliers x 32, R1, R2" inner-r1r2
linears "inner outliers x 32, H on down_proj's input" inner --hadamard down
linears "stream in principal axes" stream
linears "stream in principal axes, R1, R2" stream-r1r2
