/** How many have said that a message arrived. */
export interface ReceiptCount {
  /** The session that sent the message. */
  readonly sender: string;
  /** Sessions that have it. */
  readonly by: number;
  /** Sessions that it was sent to, or that have it although they came later. */
  readonly of: number;
}

interface Expected {
  readonly sender: string;
  readonly of: number;
  readonly by: Set<string>;
}

const MAX_MESSAGES = 500;
// Whoever is in a room can confirm once; people who come and go could do so without end.
const MAX_RECEIPTS = 400;

/** Counts who has received the latest messages. Over the bound the oldest message is no longer counted. */
export class Receipts {
  readonly #messages = new Map<string, Expected>();
  readonly #maxMessages: number;

  constructor(maxMessages = MAX_MESSAGES) {
    this.#maxMessages = maxMessages;
  }

  /** A message is sent: from now on its receipts count. */
  expect(room: string, id: string, { sender, of }: { readonly sender: string; readonly of: number }): void {
    this.#messages.set(keyOf(room, id), { sender, of, by: new Set() });
    if (this.#messages.size <= this.#maxMessages) return;
    for (const oldest of this.#messages.keys()) {
      this.#messages.delete(oldest);
      return;
    }
  }

  /**
   * A session says that it has a message.
   *
   * @returns the count, or nothing when it did not change
   */
  count(room: string, id: string, session: string): ReceiptCount | undefined {
    const message = this.#messages.get(keyOf(room, id));
    if (message === undefined || message.sender === session || message.by.has(session)) return undefined;
    if (message.by.size >= MAX_RECEIPTS) return undefined;
    message.by.add(session);
    const by = message.by.size;
    return { sender: message.sender, by, of: Math.max(message.of, by) };
  }
}

// No room's name has a line break.
function keyOf(room: string, id: string): string {
  return `${room}\n${id}`;
}
