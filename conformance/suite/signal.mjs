/** Lets code wait for a condition over state that changes with events. */
export class Signal {
  #checks = new Set();

  /** Say that the state has changed. */
  notify() {
    for (const check of [...this.#checks]) check();
  }

  /** Resolve to true as soon as `isDone()` holds, to false after `waitMs`. */
  async until(isDone, waitMs) {
    if (isDone()) return true;
    return new Promise((resolve) => {
      const settle = (result) => {
        clearTimeout(timer);
        this.#checks.delete(check);
        resolve(result);
      };
      const check = () => isDone() && settle(true);
      const timer = setTimeout(() => settle(false), waitMs);
      this.#checks.add(check);
    });
  }
}
