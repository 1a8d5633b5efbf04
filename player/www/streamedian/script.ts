// Loads the modules beside this script.

/** Browsers load a module once, however often it is imported. */
export function scriptBeside<T>(name: string): Promise<T> {
  return import(new URL(name, import.meta.url).href) as Promise<T>;
}
