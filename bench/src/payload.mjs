/** How many messages differ, before they begin anew. */
const JSON_MESSAGES = 64;

/** JSON of about `byteLength` bytes, as applications send it: the same keys, other values. */
export function jsonMessages(byteLength) {
  const item = (seed) => ({
    sku: `SKU-${(seed * 7919) % 100_000}`,
    quantity: seed % 9,
    price: ((seed * 31) % 10_000) / 100,
  });
  return Array.from({ length: JSON_MESSAGES }, (_, index) => {
    const order = { id: index * 131, type: 'order', user: `user-${(index * 37) % 977}`, items: [] };
    while (Buffer.byteLength(JSON.stringify(order)) < byteLength)
      order.items.push(item(index * 17 + order.items.length));
    return Buffer.from(JSON.stringify(order));
  });
}

/** Printable ASCII, so that the same bytes are a valid text and a valid binary message. */
export function payload(byteLength) {
  return Buffer.alloc(byteLength, 'The quick brown fox jumps over the lazy dog. 0123456789 ');
}
