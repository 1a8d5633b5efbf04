// What is shown if a page has no handler of its own: errors, and the question for a password.

import { made, part, say } from '../dom';
import type { Credentials } from '../player';

const MESSAGE = '<dialog role="alert"><p></p><form method="dialog"><button>OK</button></form></dialog>';
const SIGN_IN = `<dialog><form method="dialog"><p></p>
<p><label>User <input name="user" autocomplete="username" autocapitalize="none" spellcheck="false"></label>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label>
<p><button value="yes">Sign in</button> <button value="" formnovalidate>Cancel</button></form></dialog>`;

let shown: HTMLDialogElement | undefined;

/** Shows a message, one at a time, while the page continues (an alert would stop all players of a wall). */
export function tell(message: string): void {
  shown?.remove();
  shown = made<HTMLDialogElement>(MESSAGE);
  say(part(shown, 'p'), message);
  shown.style.zIndex = '9';
  document.body.append(shown);
  shown.show();
}

/** Asks for user and password, until `signal` is aborted; undefined if the user does not want to answer. */
export function ask(question: string, signal: AbortSignal): Promise<Credentials | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  const dialog = made<HTMLDialogElement>(SIGN_IN);
  say(part(dialog, 'p'), question);
  document.body.append(dialog);
  dialog.showModal();
  signal.addEventListener('abort', () => dialog.close());
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const value = (name: string) => part<HTMLInputElement>(dialog, `[name=${name}]`).value;
      resolve(dialog.returnValue ? { user: value('user').trim(), password: value('password') } : undefined);
      dialog.remove();
    });
  });
}
