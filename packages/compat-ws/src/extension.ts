import { HeaderScanner } from './header-scanner.ts';

/** Values of each parameter of one offer, in order; `true` where it has none. */
export type ExtensionParams = Record<string, (string | true)[]>;

/** Offers by the extension's name. */
export type Extensions = Record<string, ExtensionParams[]>;

/** What `format` takes: one configuration or several by the extension's name. */
export type ExtensionConfigurations = Record<
  string,
  Record<string, unknown> | readonly Record<string, unknown>[]
>;

/**
 * Parses a `Sec-WebSocket-Extensions` header.
 * @throws SyntaxError at the first character that does not fit
 */
export function parse(header: string): Extensions {
  const scanner = new HeaderScanner(header);
  const offers = Object.create(null) as Extensions;
  do {
    const name = scanner.token(',;');
    const params = Object.create(null) as ExtensionParams;
    while (scanner.take(';')) {
      const param = scanner.token(',;=');
      const values = (params[param] ??= []);
      values.push(scanner.take('=') ? scanner.value() : true);
    }
    const list = (offers[name] ??= []);
    list.push(params);
  } while (scanner.take(','));
  return offers;
}

/** Writes a `Sec-WebSocket-Extensions` header. */
export function format(extensions: ExtensionConfigurations): string {
  return Object.entries(extensions)
    .flatMap(([name, configurations]) => [configurations].flat().map((params) => formatOffer(name, params)))
    .join(', ');
}

function formatOffer(name: string, params: Record<string, unknown>): string {
  const parts = Object.entries(params).flatMap(([key, values]) =>
    [values].flat().map((value) => (value === true ? key : `${key}=${value}`)),
  );
  return [name, ...parts].join('; ');
}
