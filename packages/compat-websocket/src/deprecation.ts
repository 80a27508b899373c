/** Prints each deprecation once. Nothing is deprecated: the map is empty unless a program fills it. */
export const deprecation: {
  disableWarnings: boolean;
  deprecationWarningMap: Record<string, string | false>;
  warn(deprecationName: string): void;
} = {
  disableWarnings: false,
  deprecationWarningMap: {},
  warn(deprecationName) {
    const warning = this.deprecationWarningMap[deprecationName];
    if (this.disableWarnings || !warning) return;
    console.warn(`DEPRECATION WARNING: ${warning}`);
    this.deprecationWarningMap[deprecationName] = false;
  },
};
