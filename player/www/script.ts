// The address of a classic script; build.mjs substitutes it for a module's `import.meta.url`.

const script = document.currentScript as HTMLScriptElement | null;

/** The address is known only while the script runs for the first time. Inside another bundle, that of the page counts.
 */
export const SCRIPT_URL = script?.src || document.baseURI;
