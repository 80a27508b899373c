import { differ } from './rig/differ.ts';
import type { WsModule } from './rig/modules.ts';

/** The seven bits of a length in which something changes. */
const LENGTHS = [0, 1, 2, 125, 126, 127];

/** What came before: nothing, or a fragment of a message that is open. */
const BEGINNINGS: Readonly<Record<string, readonly number[]>> = {
  'at rest': [],
  'within a text': [0x01],
  'within binary': [0x02],
  'within a compressed message': [0x41],
};

for (const isServer of [true, false]) {
  for (const [state, beginning] of Object.entries(BEGINNINGS)) {
    for (const isDeflating of state.endsWith('compressed message') ? [true] : [false, true]) {
      const role = isServer ? 'server' : 'client';
      const agreement = isDeflating ? 'with' : 'without';
      differ(
        `${role} ${state} names the fault of any header first, ${agreement} the extension`,
        async (ws, log) => {
          for (let first = 0; first < 256; first++) {
            const faults: string[] = [];
            for (const masking of [0, 0x80]) {
              for (const length of LENGTHS) {
                const receiver = createReceiver(ws, isServer, isDeflating);
                for (const byte of beginning) receiver.write(header(byte, isServer ? 0x80 : 0));
                faults.push(await faultOf(receiver, header(first, masking | length)));
              }
            }
            log.note(first.toString(16).padStart(2, '0'), 'faults', ...faults);
          }
        },
      );
    }
  }
}

function createReceiver(ws: WsModule, isServer: boolean, isDeflating: boolean) {
  const deflate = new ws.PerMessageDeflate({}, isServer);
  deflate.accept([{}]);
  const receiver = new ws.Receiver({
    isServer,
    maxPayload: 1000,
    extensions: isDeflating ? { [ws.PerMessageDeflate.extensionName]: deflate } : {},
  });
  receiver.on('error', () => {});
  return receiver;
}

/** A whole header, of a payload of as many bytes as it takes to write them in so many. */
function header(first: number, second: number): Buffer {
  const shortForm = second & 0x7f;
  const extended = shortForm < 126 ? [] : shortForm === 126 ? [0, 126] : [0, 0, 0, 0, 0, 1, 0, 0];
  return Buffer.from([first, second, ...extended, ...(second & 0x80 ? [0, 0, 0, 0] : [])]);
}

/** What is wrong with the header; a payload of which nothing comes is not waited for. */
function faultOf(receiver: ReturnType<typeof createReceiver>, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    receiver.write(bytes, (error: (Error & { code?: string }) | null | undefined) => {
      // What an empty payload inflates to is another matter.
      resolve(error && !error.code?.startsWith('Z_') ? `${error.code}: ${error.message}` : 'none');
    });
  });
}
