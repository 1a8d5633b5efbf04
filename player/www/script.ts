// Where a classic script came from; build.mjs puts it in the place of a module's `import.meta.url`.

const script = document.currentScript as HTMLScriptElement | null;

/** Known only while the script is run for the first time. One inside another bundle counts as the page's own. */
export const SCRIPT_URL = script?.src || document.baseURI;
