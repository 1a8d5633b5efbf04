// The entry: registers <camgate-video> and exports what pages may build upon.

import { CamgateVideo } from './element';

export { CamgateVideo };
export { Player } from './player';
export type { PlayerOptions, State, Stats } from './player';
export type { Problem, ProblemKind, Unsupported } from './problem';

// Two copies of the script on one page must not be an error.
if (!customElements.get('camgate-video')) customElements.define('camgate-video', CamgateVideo);

declare global {
  interface HTMLElementTagNameMap {
    'camgate-video': CamgateVideo;
  }
}
