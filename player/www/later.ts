// What is fetched when it is needed first.

/** The script that most pages never need; it can fail to come. */
export const extras = (): Promise<typeof import('./extras')> => import('./extras');
