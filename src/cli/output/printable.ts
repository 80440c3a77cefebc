/** Characters that a terminal takes as orders, or that turn the direction of what follows. */
const ORDERS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text from elsewhere as it may be shown: such characters as JSON writes them. */
export function printable(text: string): string {
  return text.replaceAll(ORDERS, escaped);
}

/** The same for a text of several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
