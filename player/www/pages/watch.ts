// /watch?src=rtsp://…: one player that fills the window.

import '../camgate';
import { host } from '../address';
import { credentials, keep, type Credentials } from './memory';

const video = document.querySelector('camgate-video')!;
const src = new URLSearchParams(location.search).get('src')?.trim() ?? '';

if (src) {
  document.title = `${host(src)} · camgate`;
  const known = credentials(src);
  video.src = src;
  if (known) video.setCredentials(known.user, known.password);
  video.addEventListener('credentials', (event) => keep(src, (event as CustomEvent<Credentials>).detail));
} else {
  video.hidden = true;
  document.getElementById('nothing')!.hidden = false;
}
