// Scripts that are loaded when they are first needed.

/** The script that most pages never need; loading it can fail. */
export const extras = (): Promise<typeof import('./extras')> => import('./extras');
