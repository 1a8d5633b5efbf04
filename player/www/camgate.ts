// The script of pages: registers <camgate-video>, and exports what pages may build upon.

import { CamgateVideo } from './element';

export { CamgateVideo };
export { Player } from './player';
export type { Ask, Credentials, PlayerOptions, Problem, ProblemKind, State, Stats, Unsupported } from './player';

// It is no error to load the script twice.
if (globalThis.customElements && !customElements.get('camgate-video')) customElements.define('camgate-video', CamgateVideo);

declare global {
  interface HTMLElementTagNameMap {
    'camgate-video': CamgateVideo;
  }
}
