import { connect, createServer } from 'node:net';

/** Stands between clients and the server, and does to connections what networks do. */
export class Cutter {
  #port = 0;
  #links = new Set();
  #server = createServer((client) => this.#link(client));

  /** @returns the port for the clients */
  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.#server.address().port;
  }

  /** From now on connections go to this port. */
  forwardTo(port) {
    this.#port = port;
  }

  /** Cuts some connections: what was on its way is lost. */
  cut(isChosen) {
    for (const { client, server } of this.#choose(isChosen)) {
      client.destroy();
      server.destroy();
    }
  }

  /** Lets some connections pass nothing any more, and nobody is told. */
  freeze(isChosen) {
    for (const { client, server } of this.#choose(isChosen)) {
      client.pause();
      server.pause();
    }
  }

  close() {
    this.cut(() => true);
    this.#server.close();
  }

  #choose(isChosen) {
    return [...this.#links].filter(isChosen);
  }

  #link(client) {
    const server = connect(this.#port, '127.0.0.1');
    const link = { client, server };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      from.setNoDelay(true);
      // Whatever becomes of one end becomes of the other.
      from.on('error', () => from.destroy());
      from.on('close', () => {
        to.destroy();
        this.#links.delete(link);
      });
      from.pipe(to);
    }
  }
}
