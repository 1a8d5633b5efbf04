// A camera as a React component (React 19, which knows custom elements).
import { useEffect, useRef, useState } from 'react';
import 'camgate-player';

/** `socket` is the gateway's address; `credentials` is called when the camera asks for some. */
export function Camera({ src, socket = 'ws://localhost:8080/ws/', credentials, onProblem, ...rest }) {
  const ref = useRef(null);
  const [state, setState] = useState('stopped');

  useEffect(() => {
    const video = ref.current;
    video.credentials = credentials;
    const changed = () => setState(video.player.state);
    const failed = () => onProblem?.(video.player.problem);
    video.addEventListener('statechange', changed);
    video.addEventListener('problem', failed);
    return () => {
      video.removeEventListener('statechange', changed);
      video.removeEventListener('problem', failed);
    };
  }, [credentials, onProblem]);

  // Taken off the page it leaves the camera by itself: there is nothing to clean up.
  return (
    <figure>
      <camgate-video ref={ref} src={src} socket={socket} autoplay muted controls {...rest} />
      <figcaption>{state}</figcaption>
    </figure>
  );
}
