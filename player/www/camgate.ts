// The entry of pages: registers <camgate-video> and exports what they may build upon.

import { CamgateVideo } from './element';

export { CamgateVideo };
export { Player } from './player';
export type { Ask, Credentials, PlayerOptions, Problem, ProblemKind, State, Stats, Unsupported } from './player';

// Two copies of the script on one page must not be an error.
if (globalThis.customElements && !customElements.get('camgate-video')) customElements.define('camgate-video', CamgateVideo);

declare global {
  interface HTMLElementTagNameMap {
    'camgate-video': CamgateVideo;
  }
}
