// Addresses of cameras in addresses of pages: played as they were pasted, and rid of their secrets.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { scenario, shoot, words } from './browser.mjs';
import { clipCamera } from './clipcamera.mjs';
import { watch } from './playback.mjs';

const LOOPBACK = 'targets = loopback\n';
/** What stands in no link, or ends there what it stands in. */
const QUERY = '?channel=1&subtype=1&name=a+b&rate=50%&last#1';
const USER = 'jo smith';
const PASSWORD = 'p@ss /w?r#d%2 "1" \'2\' +&=é';
/** Pieces of it, plain and percent-encoded. */
const SECRET = /w\?r|w%3Fr|jo smith|jo(%20|\+)smith|p@ss|p%40ss|"1"|%221/i;

const cameras = [];
after(() => cameras.forEach((camera) => camera.close()));

async function clip() {
  const camera = await clipCamera();
  cameras.push(camera);
  return camera;
}

/** The addresses that it was asked to describe. */
const described = ({ asked }) => asked.filter((line) => line.startsWith('DESCRIBE ')).map((line) => line.slice('DESCRIBE '.length));

for (const name of ['watch', 'test']) {
  scenario(`/${name} plays a camera's address as it was pasted behind src=`, async ({ stage, open }) => {
    const [gateway, camera] = [await stage.gateway(LOOPBACK), await clip()];
    const address = camera.url + QUERY;
    const page = await open(`${gateway.page}${name}?src=${address}`);
    await watch(page, { frames: 10 });
    assert.deepEqual([...new Set(described(camera))], [address]);
    await shoot(page, `pasted ${name}`);
  });

  scenario(`/${name} plays an address that is percent-encoded, as links have it`, async ({ stage, open }) => {
    const [gateway, camera] = [await stage.gateway(LOOPBACK), await clip()];
    const address = camera.url + QUERY;
    const page = await open(`${gateway.page}${name}?src=${encodeURIComponent(address)}&other=1#more`);
    await watch(page, { frames: 10 });
    assert.equal(described(camera)[0], address);
  });
}

/** Nothing that the page shows, links to or keeps for longer than the tab holds the password. */
async function assertKept(page) {
  const told = await page.evaluate(() => JSON.stringify({
    address: location.href,
    before: document.referrer,
    kept: { ...localStorage },
    links: [...document.links].map(({ href }) => href),
    text: document.documentElement.innerText + document.title,
  }));
  assert.doesNotMatch(told, SECRET);
}

const locked = async ({ stage }) => {
  const camera = await stage.camera('--audio', 'none', '--user', USER, '--password', PASSWORD);
  return { gateway: await stage.gateway(LOOPBACK), address: camera.url.replace('//', `//${USER}:${PASSWORD}@`), camera };
};

for (const name of ['watch', 'test']) {
  scenario(`a password in the address of /${name} leaves it, and is known until the tab is closed`, async ({ stage, open }) => {
    const { gateway, address, camera } = await locked({ stage });
    const page = await open(`${gateway.page}${name}?src=${address}`);
    await watch(page, { frames: 10 });
    await assertKept(page);
    assert.equal(new URL(page.url()).searchParams.get('src'), camera.url);
    await page.reload();
    await watch(page, { frames: 10 });
    await assertKept(page);
    await shoot(page, `secret ${name}`);
    // A tab of its own knows nothing.
    const other = await open(page.url());
    await words(other, /Sign in to the camera/);
  });
}

scenario('a password that was typed on the start page reaches no link, and is not asked for by other pages', async ({ stage, open }) => {
  const { gateway, address } = await locked({ stage });
  const page = await open(gateway.page);
  await page.fill('#address', address);
  await page.keyboard.press('Enter');
  await watch(page, { frames: 10 });
  await page.locator('#recent-list li').first().waitFor();
  await assertKept(page);
  await shoot(page, 'secret start');
  await page.click('#leave');
  await page.locator('#recent-list .go').first().click();
  await watch(page, { frames: 10 });
  await assertKept(page);
  const links = await Promise.all(['#alone', '#test'].map((link) => page.locator(link).evaluate(({ href }) => href)));
  for (const href of links) {
    await page.goto(href);
    await watch(page, { frames: 10 });
    await assertKept(page);
  }
});
