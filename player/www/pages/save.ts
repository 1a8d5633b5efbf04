// Saves files for the user: their names, sizes and lengths.

/** How long the object URL of a file that is being saved must exist, in ms. */
const SAVING = 60_000;

/** Saves a file as a download. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAVING);
}

/** A file name such as `192.168.1.10 2026-11-22 15.04.05`: in local time, and without characters that file systems
 * reject. */
export function fileName(camera: string, ending: string): string {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
  return `${camera.replace(/[^\w.-]+/g, '-')} ${local.slice(0, 10)} ${local.slice(11, 19).replaceAll(':', '.')}.${ending}`;
}

/** A time such as `1:05` or `1:02:05`. */
export function time(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (number: number): string => String(number).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}

/** A size such as `1.4 MB`, in units of 1000 as file managers use them. */
export function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
