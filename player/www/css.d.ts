/** A style sheet as a minified string, which build.mjs makes of it. */
declare module '*.css' {
  const text: string;
  export default text;
}
