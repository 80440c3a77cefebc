/** What `-o` takes. */
export const OUTPUTS = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof OUTPUTS)[number];
