// A script of its own (extras.js) with what most pages never need: Motion JPEG, pictures that come rarely, photos,
// the canvas of the Streamedian API, the reason why a gateway refuses a WebSocket, and the words for what has failed.

export { explain } from './explain';
export { Pictures } from './pictures';
export { snapshot } from './snapshot';
export { stand } from './still';
export { mirror } from './streamedian/mirror';
export { worded } from './words';
