/** What differs between two texts, line by line: the longest common subsequence, by dynamic programming. */

/** More lines than a rule has; a longer text is shown as all removed and all added. */
const MAX_LINES = 2_000;

/**
 * @param {string[]} before
 * @param {string[]} after
 * @returns {{kind: "same" | "removed" | "added", text: string}[]}
 */
export function lineDifference(before, after) {
  const of = (kind) => (text) => ({ kind, text });
  if (before.length > MAX_LINES || after.length > MAX_LINES) return [...before.map(of("removed")), ...after.map(of("added"))];
  // common[i][j]: how many lines the rests from i and from j have in common.
  const common = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i][j] = before[i] === after[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const parts = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      parts.push({ kind: "same", text: before[i++] });
      j++;
    } else if (i < before.length && (j === after.length || common[i + 1][j] >= common[i][j + 1])) {
      parts.push({ kind: "removed", text: before[i++] });
    } else {
      parts.push({ kind: "added", text: after[j++] });
    }
  }
  return parts;
}
