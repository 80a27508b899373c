import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, chromium as driver, type Page } from 'playwright-core';

// Meant for a sandbox without a window system; two of them would switch off what the tests look at (the same-origin
// policy), and the single process does not survive the closing of a page.
const UNWANTED = ['--single-process', '--disable-web-security', '--allow-running-insecure-content'];
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

/** Launch a real Chromium. */
export async function launchChromium(): Promise<Browser> {
  const args = [...chromium.args.filter((argument) => !UNWANTED.includes(argument)), ...ARGUMENTS];
  return driver.launch({ executablePath: await chromium.executablePath(), args });
}

// What a browser itself writes when a server is away, or the network.
const EXPECTED_ERRORS = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INTERNET_DISCONNECTED/;

/** A page of the playground with what went wrong in it. */
export interface PlaygroundTab {
  readonly page: Page;
  /** Errors of the console, except those of a lost connection, and uncaught ones. */
  readonly errors: readonly string[];
}

/** A real Chromium. */
export class PlaygroundBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<PlaygroundBrowser> {
    return new PlaygroundBrowser(await launchChromium());
  }

  /** Open the playground under a nickname, in a profile of its own, and wait for its connection. */
  async open(url: string, name: string, options: BrowserContextOptions = {}): Promise<PlaygroundTab> {
    const tab = await this.visit(url, options, name);
    // On a narrow screen the list is out of sight.
    await tab.page.locator('#people .person').first().waitFor({ state: 'attached' });
    return tab;
  }

  /** Open a page in a profile of its own. */
  async visit(url: string, options: BrowserContextOptions = {}, name = 'Ada'): Promise<PlaygroundTab> {
    const context = await this.#browser.newContext({ viewport: { width: 1100, height: 750 }, ...options });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED_ERRORS.test(message.text())) {
        errors.push(message.text());
      }
    });
    await page.addInitScript(
      `sessionStorage.getItem('hawser.name') ?? sessionStorage.setItem('hawser.name', '${name}')`,
    );
    await page.goto(url);
    return { page, errors };
  }

  /** Close every page. */
  async closePages(): Promise<void> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()));
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
