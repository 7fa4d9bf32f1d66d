/**
 * Errors of the wire layer.
 *
 * - `Violation`: the other peer broke a rule; the connection ends with the code.
 * - `DumpError`: our caller asked to send what is no value; nothing was sent.
 */

/** @typedef {import("./registry.mjs").CodeName} CodeName */

/** A rule of the protocol that the other peer broke. Spec: ER-002. */
export class Violation extends Error {
  /**
   * @param {CodeName} code
   * @param {string} text  a sentence for people: what came, what was expected
   */
  constructor(code, text) {
    super(text);
    this.name = "Violation";
    this.code = code;
  }
}

/** The caller's item is no value of the closed set, or exceeds a limit of the other peer. Spec: VA-006, VA-008. */
export class DumpError extends TypeError {
  /**
   * @param {string} reason  a sentence without the place
   * @param {string[]} [path]  the way from the item to the culprit, as `[1]` and `['report']`
   */
  constructor(reason, path = []) {
    super(path.length ? `${reason}, at ${formatPath(path)}` : reason);
    this.name = "DumpError";
    this.reason = reason;
    this.path = path;
  }
}

/** @param {string[]} path */
function formatPath(path) {
  const shown = path.length > 20 ? [...path.slice(0, 10), " ... ", ...path.slice(-10)] : path;
  return shown.join("");
}
