/** Prints each deprecation once. Nothing is deprecated: the map is empty unless a program fills it. */
export const deprecation: {
  disableWarnings: boolean;
  /** By name; one that was printed is `false`. */
  deprecationWarningMap: Record<string, string>;
  warn(deprecationName: string): void;
} = {
  disableWarnings: false,
  deprecationWarningMap: {},
  warn(deprecationName) {
    const warning = this.deprecationWarningMap[deprecationName];
    if (this.disableWarnings || !warning) return;
    console.warn(`DEPRECATION WARNING: ${warning}`);
    this.deprecationWarningMap[deprecationName] = false as unknown as string;
  },
};
