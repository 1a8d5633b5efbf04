/** A style sheet as a minified string; build.mjs makes it one. */
declare module '*.css' {
  const text: string;
  export default text;
}
