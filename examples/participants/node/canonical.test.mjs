import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { canonical, fingerprint } from "./canonical.mjs";

const file = process.env.VECTORS || new URL("../../../services/contracts/vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8"));

test("canonical JSON", () => {
  for (const { json, canonical: expected } of vectors.canonical) {
    assert.equal(canonical(JSON.parse(json)), expected, json);
  }
});

test("what cannot travel is refused", () => {
  for (const { json, why } of vectors.refused) assert.throws(() => canonical(JSON.parse(json)), undefined, why);
});

test("fingerprints", () => {
  for (const { definition, step, command, input, fingerprint: expected } of vectors.fingerprints) {
    assert.equal(fingerprint(definition, step, command, JSON.parse(input)), expected, input);
  }
});
