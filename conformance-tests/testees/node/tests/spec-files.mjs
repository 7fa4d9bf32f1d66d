/** Reads the specification: its example blocks and its registry. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SPEC = new URL("../../../../protocol-spec/", import.meta.url);

/** The text of a file of the specification. @param {string} name */
export const readSpec = (name) => readFileSync(fileURLToPath(new URL(name, SPEC)), "utf8");

/**
 * The fenced blocks of one kind.
 *
 * @param {string} file
 * @param {string} kind  such as `xnet-value`
 * @returns {Array<{name: string, lines: string[]}>}
 */
export function readBlocks(file, kind) {
  const found = [...readSpec(file).matchAll(/^```([\w-]+) ([\w-]+)\n([\s\S]*?)^```$/gm)];
  return found
    .filter((match) => match[1] === kind)
    .map((match) => ({ name: match[2], lines: match[3].split("\n").filter((line) => line.trim()) }));
}

/** The fields `hex:`, `value:` and so on of an example. @param {string[]} lines @returns {Record<string, string>} */
export function readFields(lines) {
  return Object.fromEntries(
    lines.map((line) => {
      const [name, ...rest] = line.split(":");
      return [name, rest.join(":").trim()];
    }),
  );
}

/** Rows such as `{code: 0, name: STATUS, ...}` below a heading of the registry. @param {string} heading */
export function readRegistryRows(heading) {
  const lines = readSpec("schema/registry.yaml").split("\n");
  const rows = [];
  for (const line of lines.slice(lines.indexOf(`${heading}:`) + 1)) {
    if (!line.startsWith("  ")) {
      break;
    }
    const fields = [...line.matchAll(/(\w+): (?:"([^"]*)"|([^,}]+))/g)];
    rows.push(Object.fromEntries(fields.map((field) => [field[1], field[2] ?? field[3]])));
  }
  return rows;
}
