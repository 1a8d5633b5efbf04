// Chromium as the tests see it: a page that plays, and what it shows.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Stage } from './processes.mjs';

/** Screenshots of this run; not kept in the repository. */
export const OUT = fileURLToPath(new URL('out/', import.meta.url));

/** How long a page may take to show what a test waits for, in ms. */
export const PATIENCE = 30_000;

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  // Pages that a test writes come from nowhere, and would not be let into the local network.
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
];

/** Chromium as every test has it. */
export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

let running;
after(async () => (await running)?.close());

/** The browser of a file's tests, who share nothing but the process; a new one if it died. */
async function shared() {
  if (!(await running)?.isConnected()) running = launch();
  return running;
}

const PHONE = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };

/** The address of the page that plays `source`. */
export const watchPage = (gateway, source) =>
  `${gateway.page}watch?src=${encodeURIComponent(source)}`;

/**
 * A test with a stage and pages of its own. `act` gets the stage and
 * `open(address, { phone, before, files })`, which opens a page; `before` is a
 * script that runs in the page ahead of the page's own, `files` says what other
 * addresses hold ({ body, contentType } each). When it fails, the report
 * holds what every program and page said, and `out/` what every page showed.
 */
export function scenario(name, act) {
  test(name, { timeout: 300_000 }, async () => {
    const stage = new Stage();
    const pages = [];
    const browser = await shared();
    const contexts = [];
    const open = async (address, { phone = false, before, files = {} } = {}) => {
      const context = await browser.newContext(
        phone ? PHONE : { viewport: { width: 1100, height: 760 } },
      );
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE);
      page.said = [];
      page.on('console', (message) => page.said.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => page.said.push(`uncaught: ${error.stack}`));
      pages.push(page);
      if (before) await page.addInitScript(before);
      for (const [url, file] of Object.entries(files)) {
        await page.route(url, (route) => route.fulfill(file));
      }
      await page.goto(address);
      return page;
    };
    try {
      await act({ stage, open });
      const uncaught = pages.flatMap((page) => page.said.filter((line) => /^uncaught/.test(line)));
      if (uncaught.length > 0) throw new Error(uncaught.join('\n'));
    } catch (error) {
      const report = [error.stack, await remains(name, pages), stage.transcript()].join('\n');
      throw Object.assign(new Error(error.message), { stack: report });
    } finally {
      await Promise.allSettled(contexts.map((context) => context.close()));
      await stage.clear();
    }
  });
}

async function remains(name, pages) {
  const lines = [];
  for (const [index, page] of pages.entries()) {
    const picture = await shoot(page, `failed ${name} ${index}`).catch(({ message }) => message);
    lines.push(`--- ${page.url()} (${picture})`, ...page.said.slice(-30));
  }
  return lines.join('\n');
}

/** Saves what the page shows and returns where. */
export async function shoot(page, name) {
  await mkdir(OUT, { recursive: true });
  const path = `${OUT}${name.replace(/[^\w]+/g, '-')}.png`;
  await page.screenshot({ path });
  return path;
}

/** The words that the player shows in its picture, once they match. */
export async function words(page, pattern) {
  const shown = page.locator('camgate-video').getByText(pattern).filter({ visible: true });
  const found = shown.first();
  await found.waitFor({ state: 'visible' });
  return (await found.innerText()).replace(/\s+/g, ' ').trim();
}
