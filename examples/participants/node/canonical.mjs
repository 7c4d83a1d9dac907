// What a participant does not need but its author may want: canonical JSON and fingerprints, byte for byte as the
// operator computes them. ECMAScript writes numbers and text as RFC 8785 asks for; only order and limits are left.
import { createHash } from "node:crypto";

const DEEPEST = 64;

/** RFC 8785 of a parsed JSON value, without the nulls in its objects. Throws for what JSON stores may change. */
export function canonical(value, depth = 0) {
  if (depth > DEEPEST) throw new RangeError(`nested deeper than ${DEEPEST} levels`);
  if (Array.isArray(value)) {
    if (value.includes(null)) throw new TypeError("a list must not hold null");
    return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  }
  if (value !== null && typeof value === "object") {
    const kept = Object.keys(value).filter((key) => value[key] !== null);
    kept.sort(); // by UTF-16 code units, which is what RFC 8785 asks for
    return `{${kept.map((key) => `${canonical(key)}:${canonical(value[key], depth + 1)}`).join(",")}}`;
  }
  if (typeof value === "number" && !(Number.isSafeInteger(value) || (Number.isFinite(value) && value % 1 !== 0))) {
    throw new RangeError(`${value} is not finite, or whole and beyond 2^53`);
  }
  if (typeof value === "string" && !value.isWellFormed()) throw new TypeError("half a surrogate pair");
  return JSON.stringify(value);
}

/** What a command id must always mean: hex SHA-256 of definition, step, command and input. */
export function fingerprint(definition, step, command, input) {
  return createHash("sha256").update(canonical([definition, step, command, input])).digest("hex");
}
