#!/usr/bin/env bash
# In the JavaScript of Apache Arrow, toArray() of a column of half floats gives their bits as whole
# numbers, so that the largest logit is a negative one.
#
# apache-arrow 21.2.0 of npm, Node.js 20. Every other way to the same column (get, iteration,
# toJSON) gives the values, and toArray() of a column of float32 does. The bits of 1.5 are 15872,
# and those of -0.5, which has the bit of the sign set, are 47104: a softmax puts all mass on the
# lowest of the negative logits. Reading `[...column]` is the way around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --cache "$folder/cache" --prefix "$folder" apache-arrow@21.2.0 > /dev/null
cat > "$folder/wanted" <<'SEEN'
Float16: values 1.5,2.5,-0.5, toArray 15872,16640,47104 (Uint16Array), top 1 and 2
Float32: values 1.5,2.5,-0.5, toArray 1.5,2.5,-0.5 (Float32Array), top 1 and 1
SEEN
cat > "$folder/read.mjs" <<'JAVASCRIPT'
import { Float16, Float32, vectorFromArray } from 'apache-arrow';

const top = (numbers) => numbers.indexOf(Math.max(...numbers));
for (const type of [new Float16(), new Float32()]) {
  const logits = vectorFromArray([1.5, 2.5, -0.5], type);
  const values = [...logits];
  const array = logits.toArray();
  console.log(
    `${type}: values ${values}, toArray ${array} (${array.constructor.name}),`,
    `top ${top(values)} and ${top(array)}`,
  );
}
JAVASCRIPT
node "$folder/read.mjs" > "$folder/seen"
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
