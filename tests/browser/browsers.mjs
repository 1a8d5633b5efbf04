// Both browsers behind one small interface, as their users have them: sound
// waits for a gesture.
//
// open(address) gives a page with evaluate(run, argument), screenshot({ path }),
// mouse.click(x, y), url(), close(), and `said`: what it wrote to its console.

import { chromium } from 'playwright-core';
import { launch } from 'puppeteer-core';
import { FLAGS, PATIENCE } from './browser.mjs';

const VIEWPORT = { width: 800, height: 500 };

const GESTURE = FLAGS.filter((flag) => !flag.startsWith('--autoplay-policy'));

async function startChromium() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: GESTURE });
  const open = async (address, before) => {
    // A context each: pages of one context hide one another.
    const page = await (await browser.newContext({ viewport: VIEWPORT })).newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript(before);
    return visit(page, address);
  };
  return { open, close: () => browser.close() };
}

async function startFirefox() {
  const browser = await launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    defaultViewport: VIEWPORT,
  });
  const open = async (address, before) => {
    // A window each: a tab behind another is hidden and shows nothing.
    const page = await browser.newPage({ type: 'window' });
    await page.evaluateOnNewDocument(before);
    return visit(page, address);
  };
  return { open, close: () => browser.close() };
}

async function visit(page, address) {
  page.said = [];
  page.on('console', (message) => page.said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => page.said.push(`uncaught: ${error.stack}`));
  await page.goto(address);
  return page;
}

export const BROWSERS = { Chromium: startChromium, Firefox: startFirefox };
