// A script of its own (extras.js) with what most pages never need: Motion JPEG, pictures that come rarely, photos,
// the canvas of the Streamedian API, and the reason why a gateway refuses a WebSocket.

export { explain } from './explain';
export { Pictures } from './pictures';
export { snapshot } from './snapshot';
export { stand } from './still';
export { mirror } from './streamedian/mirror';
