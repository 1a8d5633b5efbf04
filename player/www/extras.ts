// What most pages never need, a script of its own (extras.js): Motion JPEG, pictures that come rarely, photos, the
// canvas of the Streamedian API, and asking a gateway why it lets nobody in.

export { explain } from './explain';
export { Pictures } from './pictures';
export { snapshot } from './snapshot';
export { stand } from './still';
export { mirror } from './streamedian/mirror';
